import json

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.text import Line, Prose, Quotation, Slug, terms, words

KINDS = {"slug": Slug, "line": Line, "prose": Prose, "quotation": Quotation}
CONTROLS = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]]
BREAKS = ["\u2028", "\u2029"]


def told(kind, text):
    return TypeAdapter(KINDS[kind]).validate_json(json.dumps(text), strict=True)


def admits(kind, text):
    try:
        return told(kind, text) == text
    except ValidationError:
        return False


@pytest.mark.parametrize("kind", ["line", "quotation"])
@pytest.mark.parametrize("place", ["{}", "a{}b", "{}b", "a{}"])
def test_one_line_of_text_holds_no_control_character_and_no_line_break(kind, place):
    assert [c for c in [*CONTROLS, *BREAKS] if admits(kind, place.format(c))] == []


@pytest.mark.parametrize("place", ["{}", "a{}b", "{}b", "a{}"])
def test_prose_holds_no_control_character_but_tab_and_newline(place):
    assert [c for c in [*CONTROLS, *BREAKS] if admits("prose", place.format(c))] == ["\t", "\n", *BREAKS]


@pytest.mark.parametrize("kind", ["line", "prose", "quotation"])
@pytest.mark.parametrize("text", [" ", "日米合意", "Zoë \u2013 “ninety per cent”", "🤝", "\u00a0", "e\u0301", "~"])
def test_text_of_any_script_is_kept_as_it_was_told(kind, text):
    assert told(kind, text) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [rb'"\ud800"', rb'"a\udfffb"', rb'"\ud83e"', b'"\xff"', b'"\xed\xa0\x80"'])
def test_half_a_character_is_refused(kind, raw):
    with pytest.raises(ValidationError, match="json"):
        TypeAdapter(KINDS[kind]).validate_json(raw, strict=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["", 1, None, True, ["a"]])
def test_what_is_no_text_or_empty_is_refused(kind, wrong):
    assert not admits(kind, wrong)


@pytest.mark.parametrize(("kind", "longest"), [("slug", 80), ("line", 300), ("prose", 20_000), ("quotation", 500)])
def test_a_text_has_its_greatest_length_in_characters(kind, longest):
    assert admits(kind, "a" * longest)
    assert not admits(kind, "a" * (longest + 1))


@pytest.mark.parametrize("slug", ["a", "7", "japan-us-2025", "a-1-b"])
def test_a_slug_is_lower_case_letters_and_digits_with_single_hyphens(slug):
    assert told("slug", slug) == slug


@pytest.mark.parametrize(
    "slug", ["A", "a_b", "-a", "a-", "a--b", "a b", "a/b", "a.b", "é", "a\n", "\na", "ⅷ", "\u0663"]
)
def test_a_slug_is_nothing_else(slug):
    assert not admits("slug", slug)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Nine-to-one, “exactly”", ["nine", "to", "one", "exactly"]),
        ("Ｔｏｋｙō", ["tokyo"]),
        ("赤沢 亮正", ["赤沢", "亮正"]),
        ("§ 232", ["232"]),
        ("—", []),
    ],
)
def test_words_are_compared_without_case_accents_and_width(text, told):
    assert words(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "1234567",
        "1,234,567",
        "1\u2009234\u2009567",
        "1\u202f234\u202f567",
        "1\xa0234\xa0567",
        "\uff11\uff0c\uff12\uff13\uff14\uff0c\uff15\uff16\uff17",
    ],
)
def test_a_number_is_one_word_however_its_digits_are_grouped(text):
    assert words(f"({text}.5)") == terms(f"({text}.5)") == ["1234567", "5"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,5", ["1", "5"]),
        ("2025, 26", ["2025", "26"]),
        ("2025,123", ["2025", "123"]),
        ("12,3456", ["12", "3456"]),
        ("700 000", ["700", "000"]),
        ("a,123", ["a", "123"]),
        ("7\n123", ["7", "123"]),
    ],
)
def test_numbers_beside_each_other_stay_apart(text, told):
    assert words(text) == terms(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Nine-to-one, “exactly”", ["nine", "to", "one", "exactly"]),
        ("Zürich", ["zurich"]),
        ("2025年の関税", ["2025", "年の", "の関", "関税", "税"]),
        ("ﾄﾞﾅﾙﾄﾞ・トランプ", ["ドナ", "ナル", "ルド", "ド", "トラ", "ラン", "ンプ", "プ"]),
        ("한국은행", ["한국", "국은", "은행", "행"]),
        ("。、・_", []),
    ],
)
def test_a_text_is_found_by_its_words_and_where_there_are_no_spaces_by_pairs_of_letters(text, told):
    assert terms(text) == told
