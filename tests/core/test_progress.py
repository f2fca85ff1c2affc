from lernpfad.core import Reports


def test_a_model_with_listeners_reports():
    class Loud:
        listeners = []  # noqa: RUF012

    assert isinstance(Loud(), Reports)
    assert not isinstance(object(), Reports)
