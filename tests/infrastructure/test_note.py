"""Keys, notes and checkpoints, as C2SP and Go's `note` package write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.note import Checkpoint, NotANote, Note, NotSigned, Signer, Verifier, parse

# The example in the documentation of golang.org/x/mod/sumdb/note.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # noqa: S105  (published)
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
TOLD = Checkpoint("talks.example/log", 12, bytes(range(32)))


def test_the_example_of_gos_note_package_holds() -> None:
    Verifier.parse(GO_PUBLIC).check(parse(GO_NOTE))
    signer = Signer.parse(f"{GO_SECRET}\n")
    assert str(signer.verifier) == GO_PUBLIC
    assert signer.secret() == GO_SECRET
    with pytest.raises(NotSigned, match="was changed"):
        Verifier.parse(GO_PUBLIC).check(parse(GO_NOTE.replace("answer", "Answer")))
    with pytest.raises(NotANote, match="checkpoint"):
        _ = parse(GO_NOTE).checkpoint


def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    signer = Signer.new(TOLD.origin)
    note = parse(str(signer.sign(TOLD)))
    assert note.checkpoint == TOLD
    assert note.text == "talks.example/log\n12\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    Verifier.parse(str(signer.verifier)).check(note)


def test_more_signatures_and_extensions_change_nothing() -> None:
    signer, witness = Signer.new(TOLD.origin), Signer.new("witness.example")
    both = Note(str(TOLD), signer.sign(TOLD).signatures + witness.sign(TOLD).signatures)
    for one in (signer, witness):
        one.verifier.check(parse(str(both)))
    extended = Note(f"{TOLD}more to say\n", signer.sign(TOLD).signatures)
    assert parse(str(extended)).checkpoint == TOLD
    with pytest.raises(NotSigned, match="was changed"):
        signer.verifier.check(extended)


def test_another_key_of_the_same_name_has_not_signed() -> None:
    note = Signer.new(TOLD.origin).sign(TOLD)
    with pytest.raises(NotSigned, match="with this key"):
        Signer.new(TOLD.origin).verifier.check(note)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_changed_note_is_taken(place: int, change: int) -> None:
    signer = Signer.parse(GO_SECRET)
    told = bytearray(str(signer.sign(TOLD)).encode())
    told[place % len(told)] ^= change
    try:
        note = parse(told.decode())
        signer.verifier.check(note)
    except (NotANote, NotSigned, UnicodeDecodeError):
        return
    assert note == signer.sign(TOLD)  # it says the same: base64 has bits that say nothing


@pytest.mark.parametrize(
    "told",
    [
        "",
        "no note",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— name ====\n",
        "text\n\n- name AAAA\n",
        "text\n\n— name AAAA",
        "x" * 200_000 + "\n\n— name AAAA\n",
    ],
)
def test_what_is_no_note_is_refused(told: str) -> None:
    with pytest.raises(NotANote):
        parse(told)


@pytest.mark.parametrize(
    "text", ["", "o\n1\n", "o\nx\nAAAA\n", "o\n01\nAAAA\n", "o\n1\nAAAA\n", "o\n1\n*\n", "\n1\nAA==\n"]
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        _ = Note(text, ()).checkpoint


@pytest.mark.parametrize(
    "told",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+AA==",
        "na me+c74f20a3+AA==",
        GO_PUBLIC[:-3],
        GO_PUBLIC.replace("c74f", "c74e"),
        "a+b+*",
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(told: str) -> None:
    with pytest.raises(NotANote):
        Verifier.parse(told)
    for secret in (told, f"PRIVATE+KEY+{told}"):
        with pytest.raises(NotANote) as refused:
            Signer.parse(secret)
        assert not told or told not in str(refused.value)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "x" * 201])
def test_a_name_that_no_key_can_have_is_refused(name: str) -> None:
    with pytest.raises(NotANote):
        Signer.new(name)


def test_nothing_shows_a_private_key() -> None:
    signer = Signer.parse(GO_SECRET)
    assert "AYEKFALVFGyNhPJEMzD1" not in f"{signer!r} {signer} {vars(signer)}"
