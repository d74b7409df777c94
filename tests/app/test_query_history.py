from symmviz.model.retrieval.history import QueryHistory
from symmviz.model.retrieval.query import Query, Split, Upload
from symmviz.model.workspace import Selection


def selected(sample: int) -> Selection:
    return Selection("digits", Query(sample, Split.TEST), frozenset({sample}))


def test_goes_back_and_forward_and_drops_what_lies_ahead() -> None:
    history = QueryHistory()
    assert not history.can_go_back
    assert history.back() is None
    for sample in (1, 2, 3):
        history.visit(selected(sample))
    assert history.back() == selected(2)
    history.visit(selected(2))  # the workspace says what it was told
    assert history.back() == selected(1)
    assert not history.can_go_back
    assert history.forward() == selected(2)
    upload = Selection(upload=Upload(0, "cat.jpg", None))
    history.visit(upload)
    assert not history.can_go_forward
    assert history.back() == selected(2)
    assert history.forward() == upload


def test_nothing_selected_is_no_place_to_go_back_to() -> None:
    history = QueryHistory()
    history.visit(selected(1))
    history.visit(Selection())
    assert not history.can_go_back
    history.clear()
    assert history.back() is None
