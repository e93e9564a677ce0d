"""A happening: a step on record, by which rules and conditions name the event that they wait for."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from domain.names import Names
from domain.refusal import kebab
from domain.text import SLUG

if TYPE_CHECKING:
    from domain.event import DomainEvent

STEPS: dict[str, tuple[str, ...]] = {
    "party": ("added", "withdrawn"),
    "issue": ("raised", "reworded", "linked", "settled", "dropped", "reopened"),
    "deadline": ("set", "revised", "cancelled", "due", "met", "met-late", "waived", "lapsed", "overtaken"),
    "round": ("scheduled", "rescheduled", "cancelled", "opened", "extended", "closed"),
    "session": ("held",),
    "incident": ("occurred",),
    "proposal": ("tabled", "answered", "withdrawn"),
    "vote": ("carried", "defeated", "blocked", "inquorate"),
    "agreement": (
        *("drafted", "announced", "concluded", "initialled", "signed", "rejected", "ratified", "deposited"),
        *("applied-provisionally", "entered-into-force", "suspended", "resumed", "withdrawn", "terminated"),
        *("extended", "expired", "amended"),
    ),
    "provision": ("added", "amended", "removed", "suspended", "resumed"),
    "tranche": (
        *("interest-registered", "pledged", "proposed", "selected", "consulted", "rejected", "contracted"),
        *("capital-called", "drawn", "call-missed", "distributed", "returned", "resized", "completed", "cancelled"),
    ),
}
"""What can happen to a thing of each kind: the events of its aggregate; of a vote the outcome that it has, and of a
deadline its day and its outcomes.
"""

_PATTERNS = [
    rf"{kind}/{SLUG}{f'/{SLUG}' if kind == 'provision' else ''}/({'|'.join(steps)})" for kind, steps in STEPS.items()
]

Happening = Annotated[
    str,
    Names("subject"),
    Field(
        pattern=rf"^({'|'.join(_PATTERNS)})$",
        max_length=300,
        description=(
            "a step that is or will be on record: what it happens to, its key, and the step, such as "
            "`tranche/first-batch/selected`, `agreement/mou/signed`, `round/3/closed`, `deadline/funding/lapsed`. "
            "The steps are of " + "; ".join(f"{kind}: {', '.join(steps)}" for kind, steps in STEPS.items())
        ),
        examples=["tranche/first-batch/selected"],
    ),
]


def step_of(event: "DomainEvent") -> str:
    """The step that an event is: `entered-into-force`; of a deadline's outcome, or a vote, the outcome."""
    if event.TOPIC in {"Deadline.OutcomeRecorded", "Vote.Held"}:
        return str(getattr(event, "outcome"))  # noqa: B009
    return kebab(event.TOPIC.partition(".")[2])


def in_words(topic: str) -> str:
    """The step that a topic names: `entered into force`."""
    return kebab(topic.partition(".")[2]).replace("-", " ")


def parts_of(happening: str) -> tuple[str, str, str]:
    """The kind of thing that it happens to, the key of that, and the step."""
    kind, _, rest = happening.partition("/")
    key, _, step = rest.rpartition("/")
    return kind, key, step
