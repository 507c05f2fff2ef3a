"""A page's form as a browser without scripts would send it."""

from html.parser import HTMLParser


class _Fields(HTMLParser):
    """The fields of the form with this id, and the pictures in it with what they say."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._wanted = form
        self._inside = False
        self._select = ""
        self.fields: dict[str, str] = {}
        self.pictures: list[tuple[str, str]] = []
        self.buttons: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = has.get("id") == self._wanted
        if not self._inside:
            return
        name = has.get("name", "")
        match tag:
            case "input" if name and has.get("type") != "file":
                self.fields[name] = has.get("value", "")
            case "select":
                self._select = name
            case "option" if "selected" in has or self._select not in self.fields:
                self.fields[self._select] = has.get("value", "")
            case "img":
                self.pictures.append((has["src"], has["alt"]))
            case "button" if "disabled" not in has:
                self.buttons.append(has.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def _read(html: str, form: str) -> _Fields:
    found = _Fields(form)
    found.feed(html)
    return found


def fields(html: str, form: str) -> dict[str, str]:
    """What the form with this id holds."""
    return _read(html, form).fields


def pictures(html: str, form: str) -> list[tuple[str, str]]:
    """Address and text of each picture in it."""
    return _read(html, form).pictures


def buttons(html: str, form: str) -> list[str]:
    """The values of the buttons in it that can be pressed."""
    return _read(html, form).buttons
