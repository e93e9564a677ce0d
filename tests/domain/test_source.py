from msgspec.structs import replace

from domain.refusal import AlreadyKnown, Unknown
from domain.source import Source
from tests.scenario import a, given

REGISTERED = a(Source.Registered, "2025-09-04", title="Fact sheet", publisher="White House", kind="fact-sheet")


def test_a_source_keeps_the_date_on_which_it_was_published():
    dated = replace(REGISTERED, envelope=replace(REGISTERED.envelope, published="2025-09-03"))
    assert given(Source).when(REGISTERED).then().published is None
    assert given(Source).when(dated).then().published == "2025-09-03"


def test_a_source_is_registered_once_at_whatever_time():
    earlier = a(Source.Registered, "2025", title="-", publisher="-", kind="note")
    given(Source, REGISTERED).when(earlier).refused(AlreadyKnown, "source")


def test_a_source_that_nobody_registered_is_no_copy():
    given(Source).when(a(Source.MarkedAsCopy, "2025-09-05", of="original")).refused(Unknown, "source")


def test_a_source_is_a_copy_of_another():
    copy = a(Source.MarkedAsCopy, "2025-09-05", of="original")
    assert given(Source, REGISTERED).when(copy).then().copy_of == "original"
