from lernpfad.evaluate import tables


def test_numbers_have_a_dash_for_what_is_undefined() -> None:
    nan = float("nan")
    assert (tables.number(nan), tables.percent(nan), tables.interval(0.1, nan)) == ("–", "–", "–")
    assert (tables.number(-0.001), tables.percent(0.1234, 1)) == ("0.00", "12.3 %")
    assert tables.interval(-0.5, 1.25) == "-0.50 to 1.25"


def test_text_aligns_and_markdown_escapes() -> None:
    rows = [{"name": "a|b", "n": "1"}, {"name": "c", "n": "1000"}]
    assert tables.text(rows) == "name     n\n----  ----\na|b      1\nc     1000"
    assert tables.markdown(rows) == "| name | n |\n| :-- | --: |\n| a\\|b | 1 |\n| c | 1000 |"
    assert tables.to_csv(rows) == "name,n\na|b,1\nc,1000\n"
    assert tables.text([]) == tables.markdown([]) == ""
