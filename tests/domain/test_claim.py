import pytest
from pydantic import TypeAdapter, ValidationError

from domain.claim import (
    Claim,
    ClaimAlreadyWithdrawn,
    ClaimDoesNotFitSubject,
    Subject,
    WithdrawnBeforeItWasMade,
    aspect_of,
)
from domain.refusal import AlreadyKnown, Unknown
from domain.value import Answer, Text
from tests.scenario import a, given


def made(kind, subject, occurred="2025-05-01"):
    return a(Claim.Made, occurred, kind=kind, claimant="japan", subject=subject, value=Text(text="Nine to one"))


MADE = made("position", "issue/profit-split")
WITHDRAWN = a(Claim.Withdrawn, "2025-06-01")


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("position", "issue/autos"),
        ("position", "provision/mou/profit-split"),
        ("red-line", "issue/autos"),
        ("threat", "agreement/mou"),
        ("reading", "agreement/mou"),
        ("reading", "provision/mou/profit-split"),
        ("reading", "deadline/pause"),
        ("reading", "proposal/half"),
        ("reading", "vote/sc-2728/binding"),
        ("reading", "agreement/mou/binding/japan"),
        ("report", "session/osaka/membership"),
        ("report", "incident/raid/responsibility"),
        ("report", "vote/consent/amount/in-favour"),
        ("report", "negotiation/talks/amount/rounds"),
        ("report", "tranche/first-batch/amount/selected"),
        ("report", "provision/mou/profit-split/rate"),
    ],
)
def test_a_claim_of_each_kind_fits_its_subjects(kind, subject):
    given(Claim).when(made(kind, subject)).then()


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("position", "agreement/mou"),
        ("red-line", "agreement/mou"),
        ("threat", "deadline/pause"),
        ("position", "issue/autos/rate"),
        ("position", "provision/mou/profit-split/rate"),
        ("reading", "issue/autos"),
        ("position", "negotiation/talks"),
        ("reading", "negotiation/talks/amount"),
        ("report", "negotiation/talks"),
        ("reading", "tranche/first-batch/status"),
        ("report", "session/osaka"),
        ("report", "provision/mou/profit-split"),
    ],
)
def test_a_claim_on_a_subject_that_its_kind_does_not_fit_is_refused(kind, subject):
    given(Claim).when(made(kind, subject)).refused(ClaimDoesNotFitSubject, "subject")


def test_a_claim_is_made_once_at_whatever_time():
    given(Claim, MADE).when(made("position", "issue/autos", "2025-04")).refused(AlreadyKnown, "claim")


def test_a_claim_that_nobody_made_is_not_withdrawn():
    given(Claim).when(WITHDRAWN).refused(Unknown, "claim")


def test_a_withdrawal_tells_what_is_withdrawn():
    filled = a(Claim.Withdrawn, "2025-06-01", kind="position", claimant="japan", subject="issue/profit-split")
    claim = given(Claim, MADE).when(WITHDRAWN).then(filled)
    assert (claim.withdrawn, claim.made.value) == (True, Text(text="Nine to one"))


@pytest.mark.parametrize("occurred", ["2025-04-30", "2025-04", "2024"])
def test_a_claim_is_not_withdrawn_before_it_was_made(occurred):
    given(Claim, MADE).when(a(Claim.Withdrawn, occurred)).refused(WithdrawnBeforeItWasMade, "occurred")


def test_a_claim_can_be_withdrawn_on_the_day_on_which_it_was_made():
    filled = a(Claim.Withdrawn, "2025-05-01", kind="position", claimant="japan", subject="issue/profit-split")
    given(Claim, MADE).when(a(Claim.Withdrawn, "2025-05-01")).then(filled)


def test_a_claim_that_was_withdrawn_is_not_withdrawn_again():
    given(Claim, MADE, WITHDRAWN).when(a(Claim.Withdrawn, "2025-06-02")).refused(ClaimAlreadyWithdrawn, "claim")


def test_a_withdrawal_recorded_late_is_admitted_before_a_recorded_one():
    filled = a(Claim.Withdrawn, "2025-05-15", kind="position", claimant="japan", subject="issue/profit-split")
    assert given(Claim, MADE, WITHDRAWN).when(a(Claim.Withdrawn, "2025-05-15")).then(filled).withdrawn is True


@pytest.mark.parametrize(
    ("subject", "aspect"),
    [
        ("issue/autos", None),
        ("issue/autos/rate", "rate"),
        ("tranche/first-batch/amount/selected", "amount/selected"),
        ("provision/mou/profit-split", None),
        ("provision/mou/profit-split/rate/2027", "rate/2027"),
    ],
)
def test_a_subject_names_an_aspect_or_none(subject, aspect):
    assert aspect_of(subject) == aspect


@pytest.mark.parametrize(
    "subject", ["autos", "issue", "issue/Autos", "issue/autos/colour", "provision/mou", "source/post", "issue/autos/"]
)
def test_a_path_that_leads_nowhere_in_the_model_is_no_subject(subject):
    with pytest.raises(ValidationError, match="pattern"):
        TypeAdapter(Subject).validate_python(subject, strict=True)


def test_a_claim_of_yes_or_no_is_a_claim():
    binding = a(
        Claim.Made, "2025", kind="report", claimant="us", subject="agreement/mou/binding", value=Answer(answer=False)
    )
    assert given(Claim).when(binding).then().made.value.answer is False
