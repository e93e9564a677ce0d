"""A finding: an analyst's ruling on rival claims, under a named policy. Revocable, and never itself a fact."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self

from msgspec.structs import replace
from pydantic import Field

from domain.aggregate import Aggregate
from domain.claim import Kind, Subject
from domain.event import Derived, DomainEvent, First
from domain.names import ClaimKey, PartyKey
from domain.refusal import Refused, Unknown
from domain.text import Person, Prose, Slug


class FindingOnDifferentSubjects(Refused):
    """A finding rules on claims of one kind about one subject."""


class PrefersWhatItSetsAside(Refused):
    """A claim is either preferred or set aside."""


class FindingAlreadyRevoked(Refused):
    """The finding was revoked by then; make a new one."""


class RevokedBeforeItWasMade(Refused):
    """A finding is revoked after it was made."""


class Ruling(DomainEvent, frozen=True):
    """What a finding rules on, worked out from its claims."""

    kind: Annotated[Kind | None, Derived()] = None
    subject: Annotated[Subject | None, Derived()] = None
    claimants: Annotated[tuple[PartyKey, ...], Derived()] = ()


class Finding(Aggregate):
    """Made once, and revoked at most once."""

    TOPIC = "Finding"
    KIND = "finding"
    ADDRESS = ("finding",)
    Event = DomainEvent

    def blank(self) -> None:
        self.made: Finding.Made | None = None
        self.revoked = False

    class Made(First, Ruling, frozen=True, kw_only=True):
        """An analyst prefers one claim over others on the same subject, under a named policy, and says why."""

        TOPIC: ClassVar[str] = "Finding.Made"
        FIXED: ClassVar[frozenset[str]] = frozenset({"prefers", "over"})
        prefers: ClaimKey
        over: Annotated[tuple[ClaimKey, ...], Field(min_length=1, max_length=100)]
        policy: Annotated[Slug, Field(description="the rule of preference", examples=["official-text-over-report"])]
        reasons: Prose
        analyst: Person | None = None

        def check(self) -> Self:
            if self.prefers in self.over:
                raise PrefersWhatItSetsAside(self.prefers, "over")
            return self

        def gather(self, named: Callable[[str, str], Any]) -> Self:
            made = {key: named("claim", key).made for key in (self.prefers, *self.over)}
            for key, claim in made.items():
                if claim is None:  # it was retracted, and its withdrawal was not
                    raise Unknown(f"claim {key}", "prefers" if key == self.prefers else "over")
            claims = list(made.values())
            about = {(claim.kind, claim.subject) for claim in claims}
            if len(about) > 1:
                told = ", ".join(sorted(f"{kind} on {subject}" for kind, subject in about))
                raise FindingOnDifferentSubjects(told, "over")
            kind, subject = about.pop()
            return replace(self, kind=kind, subject=subject, claimants=tuple(dict.fromkeys(c.claimant for c in claims)))

        def change(self, state: "Finding") -> None:
            state.made = self

    class Revoked(Ruling, frozen=True):
        """The finding no longer stands."""

        TOPIC: ClassVar[str] = "Finding.Revoked"

        def decide(self, past: "Finding", known: "Finding") -> Self:
            if past.made is None:
                raise RevokedBeforeItWasMade(self.envelope.key, "occurred")
            if past.revoked:
                raise FindingAlreadyRevoked(self.envelope.key, "finding")
            made = past.made
            return replace(self, kind=made.kind, subject=made.subject, claimants=made.claimants)

        def change(self, state: "Finding") -> None:
            state.revoked = True
