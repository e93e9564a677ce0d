"""A claim: somebody asserts a value about a subject, on evidence. It is never a fact by itself."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from msgspec.structs import replace
from pydantic import Field

from domain.aggregate import Aggregate
from domain.event import Derived, DomainEvent, First
from domain.names import IssueKey, Names, PartyKey, subject_of
from domain.refusal import Refused
from domain.text import SLUG, Person, Quotation, Slug
from domain.value import Told

_ASPECT = rf"(status|amount|date|rate|membership|binding|responsibility)(/{SLUG})?"
_NAMED = (
    rf"(negotiation|issue|round|session|incident|proposal|vote|agreement|tranche|deadline|party)/{SLUG}"
    rf"|provision/{SLUG}/{SLUG}"
)

Subject = Annotated[
    str,
    Names("subject"),
    Field(
        pattern=rf"^({_NAMED})(/{_ASPECT})?$",
        max_length=300,
        description=(
            "a path into the model: what it is about and its key, and where it is about one aspect, that aspect "
            "(status, amount, date, rate, membership, binding or responsibility, with a further name where there are "
            "several): "
            "`issue/autos`, `provision/mou/profit-split`, `tranche/first-batch/amount/selected`, "
            "`session/osaka/membership`; of the negotiation as a whole its own key, "
            "`negotiation/japan-us-2025/amount/rounds`"
        ),
        examples=["issue/profit-split"],
    ),
]
Kind = Literal["position", "red-line", "threat", "reading", "report"]
"""A red line is the bound beyond which a party will not go, and a threat what it says that it will do: neither takes
the place of what it wants.
"""
RIVALLING: dict[Kind, Kind] = {
    "position": "position",
    "red-line": "position",
    "reading": "reading",
    "report": "report",
}
"""The kinds in which those of two claimants can contradict each other, each with the one among which it does: what a
party will not accept contradicts what another wants.
"""


class ClaimDoesNotFitSubject(Refused):
    """A position or a red line is about an issue or a provision, a threat about these or an agreement, a reading about
    an agreement, a provision, a deadline, a proposal or a vote, and a report about one aspect of something: its status,
    amount, date, rate, membership, binding force or who is responsible for it."""


class ClaimAlreadyWithdrawn(Refused):
    """The claim was withdrawn by then."""


class WithdrawnBeforeItWasMade(Refused):
    """A claim is withdrawn after it was made."""


_ABOUT_AN_ISSUE = {"provision", "deadline", "proposal", "session", "incident", "vote"}


def aspect_of(subject: str) -> str | None:
    """The aspect that a subject names, such as `amount/selected`."""
    parts = subject.split("/")
    return "/".join(parts[3 if parts[0] == "provision" else 2 :]) or None


def issue_of(subject: str) -> str | None:
    """The issue that a subject names; a claim about something else tells its issue itself."""
    about, _, rest = subject.partition("/")
    return rest.partition("/")[0] if about == "issue" else None


def issue_about(subject: str, named: Callable[[str, str], Any]) -> str | None:
    """The issue that something else than an issue is about, where that is one alone."""
    about = subject_of(subject)
    issue: str | None = named(*about[:2]).issue if about.kind in _ABOUT_AN_ISSUE else None
    return issue


def _fits(kind: str, subject: str) -> bool:
    about = subject.partition("/")[0]
    if kind in {"position", "red-line", "threat"}:
        allowed = {"issue", "provision", "agreement"} if kind == "threat" else {"issue", "provision"}
        return about in allowed and aspect_of(subject) is None
    if kind == "reading":
        return about in {"agreement", "provision", "deadline", "proposal", "vote"}
    return aspect_of(subject) is not None


class Claim(Aggregate):
    """Made once, and withdrawn at most once. A newer claim of the same claimant on the same subject supersedes it."""

    TOPIC = "Claim"
    KIND = "claim"
    ADDRESS = ("claim",)
    Event = DomainEvent

    def blank(self) -> None:
        self.made: Claim.Made | None = None
        self.withdrawn = False

    class Made(First, frozen=True):
        """Somebody asserts a value: what a party wants, what a provision means, or how something stands."""

        TOPIC: ClassVar[str] = "Claim.Made"
        FIXED: ClassVar[frozenset[str]] = frozenset({"kind", "claimant", "subject"})
        kind: Annotated[
            Kind,
            Field(
                description="what a claim says; the value of a red line is the bound beyond which the party will not "
                "go: `up-to` 49 % where it accepts no more than that"
            ),
        ]
        claimant: PartyKey
        subject: Subject
        value: Told
        speaker: Person | None = None
        certainty: Literal["certain", "probable", "doubtful"] = "certain"
        quotation: Quotation | None = None
        issue: Annotated[IssueKey | None, Derived()] = None
        represents: Annotated[Slug | None, Derived()] = None

        def check(self) -> Self:
            if not _fits(self.kind, self.subject):
                raise ClaimDoesNotFitSubject(f"{self.kind} on {self.subject}", "subject")
            return self

        def gather(self, named: Callable[[str, str], Any]) -> Self:
            """For whom the claimant speaks; and what is said of something is said on the issue that it is about, where
            that is one alone.
            """
            represents = named("party", self.claimant).represented_by_then(self.envelope.occurred)
            return replace(self, represents=represents, issue=issue_about(self.subject, named))

        def change(self, state: "Claim") -> None:
            state.made = self

    class Withdrawn(DomainEvent, frozen=True):
        """The claimant takes the claim back."""

        TOPIC: ClassVar[str] = "Claim.Withdrawn"
        kind: Annotated[Kind | None, Derived()] = None
        claimant: Annotated[PartyKey | None, Derived()] = None
        subject: Annotated[Subject | None, Derived()] = None

        def decide(self, past: "Claim", known: "Claim") -> Self:
            if past.made is None:
                raise WithdrawnBeforeItWasMade(self.envelope.key, "occurred")
            if past.withdrawn:
                raise ClaimAlreadyWithdrawn(self.envelope.key, "claim")
            return replace(self, kind=past.made.kind, claimant=past.made.claimant, subject=past.made.subject)

        def change(self, state: "Claim") -> None:
            state.withdrawn = True
