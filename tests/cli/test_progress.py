"""What a person sees while a backup or a restore runs."""

from io import StringIO

from imagestore.cli.progress import progress_bar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_of_objects() -> None:
    shown = Terminal()
    with progress_bar("restore", 4, stream=shown) as bar:
        bar.objects(3, 12_000_000)
    assert "restore:  75%" in shown.getvalue()
    assert "3/4" in shown.getvalue()
    assert "12 MB" in shown.getvalue()


def test_a_file_gets_none() -> None:
    shown = StringIO()
    with progress_bar("restore", 4, stream=shown) as bar:
        bar.objects(3, 12_000_000)
    assert shown.getvalue() == ""
