import pytest
from pydantic import TypeAdapter, ValidationError

from domain.agreement import Agreement
from domain.claim import Claim, Subject
from domain.deadline import Deadline
from domain.fact import Fact
from domain.model import AGGREGATE_OF_KIND
from domain.names import PartyKey, Reference, kinds_named, named_in, references, subject_of
from domain.negotiation import Negotiation
from domain.session import Participant, Session
from domain.text import Line
from domain.value import Share, Text
from tests.scenario import a


class Leaf(Fact):
    party: PartyKey | None = None
    others: tuple[PartyKey, ...] = ()


class Branch(Fact):
    title: Line
    leaf: Leaf
    leaves: tuple[Leaf, ...] = ()
    grove: tuple[tuple[Leaf, ...], ...] = ()
    about: Subject | None = None
    bark: Leaf | str | None = None


def test_names_are_found_in_json_as_well():
    told = {"party": "japan", "others": ["us"], "count": 7, "title": "korea"}
    assert set(named_in(Leaf | None, told)) == {Reference("party", "japan", ""), Reference("party", "us", "")}
    assert set(named_in(tuple[Leaf, ...], [told, None])) == set(named_in(Leaf, told))
    assert list(named_in(Subject, "provision/mou/profit-split/rate")) == [subject_of("provision/mou/profit-split")]


def test_names_are_found_at_any_depth_in_the_order_of_the_fields_with_their_paths():
    tree = Branch(
        title="japan",
        leaf=Leaf(party="japan"),
        leaves=(Leaf(others=("us", "eu")), Leaf(party="press")),
        grove=((), (Leaf(), Leaf(party="korea"))),
        about="provision/mou/profit-split/rate",
    )
    assert list(references(tree)) == [
        Reference("party", "japan", "leaf.party"),
        Reference("party", "us", "leaves.0.others.0"),
        Reference("party", "eu", "leaves.0.others.1"),
        Reference("party", "press", "leaves.1.party"),
        Reference("party", "korea", "grove.1.1.party"),
        Reference("provision", "mou/profit-split", "about"),
    ]


def test_what_is_not_told_speaks_of_nothing():
    assert list(references(Branch(title="japan", leaf=Leaf(), bark="rough"))) == []
    assert list(references(a(Deadline.Set, "2025", title="-", due="2026"))) == []
    assert list(references(a(Negotiation.Annotated, "2025", note="-"))) == []


@pytest.mark.parametrize(
    ("event", "named"),
    [
        (
            a(
                Session.Held,
                "2025",
                form="call",
                round="first",
                issues=("autos", "steel"),
                participants=(Participant(party="us"), Participant(party="japan", person="A. Minister")),
            ),
            [
                ("round", "first", "round"),
                ("party", "us", "participants.0.party"),
                ("party", "japan", "participants.1.party"),
                ("issue", "autos", "issues.0"),
                ("issue", "steel", "issues.1"),
            ],
        ),
        (
            a(Agreement.Signed, "2025", parties=("japan", "us")),
            [("party", "japan", "parties.0"), ("party", "us", "parties.1")],
        ),
        (
            a(Deadline.Set, "2025", title="-", due="2026", party="japan", about="tranche/first/amount/drawn"),
            [("party", "japan", "party"), ("tranche", "first", "about")],
        ),
        (
            a(
                Claim.Made,
                "2025",
                kind="report",
                claimant="press",
                subject="session/osaka/membership",
                value=Text(text="-"),
            ),
            [("party", "press", "claimant"), ("session", "osaka", "subject")],
        ),
    ],
)
def test_an_event_speaks_of_what_its_facts_name(event, named):
    assert list(references(event)) == [Reference(*name) for name in named]


@pytest.mark.parametrize(
    ("subject", "kind", "key"),
    [
        ("issue/autos", "issue", "autos"),
        ("issue/autos/rate/2027", "issue", "autos"),
        ("provision/mou/profit-split", "provision", "mou/profit-split"),
        ("provision/mou/profit-split/binding", "provision", "mou/profit-split"),
    ],
)
def test_a_subject_is_about_a_thing_whatever_the_aspect(subject, kind, key):
    assert subject_of(subject) == Reference(kind, key, "subject")


@pytest.mark.parametrize(
    "kind",
    ["negotiation", "issue", "round", "session", "proposal", "vote", "agreement", "tranche", "deadline", "party"],
)
def test_every_kind_that_a_subject_can_name_is_in_the_model(kind):
    assert TypeAdapter(Subject).validate_python(f"{kind}/it", strict=True) == f"{kind}/it"
    assert kind in AGGREGATE_OF_KIND


@pytest.mark.parametrize("kind", ["source", "claim", "finding", "provision"])
def test_no_subject_names_anything_else_by_a_single_key(kind):
    with pytest.raises(ValidationError):
        TypeAdapter(Subject).validate_python(f"{kind}/it", strict=True)


@pytest.mark.parametrize(
    ("hint", "kinds"),
    [
        (PartyKey, {"party"}),
        (PartyKey | None, {"party"}),
        (tuple[PartyKey, ...], {"party"}),
        (Subject | None, {"subject"}),
        (Line, set()),
        (Share, set()),
        (str, set()),
    ],
)
def test_the_kinds_that_an_annotation_marks_are_found_at_any_depth(hint, kinds):
    assert kinds_named(hint) == kinds
