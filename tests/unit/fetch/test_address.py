from __future__ import annotations

import pytest

from legaltune.fetch.address import UnsafeAddressError, check_redirect, on_same_site, safe_segments

TOC = "https://www.rechtsprechung.example/rii-toc.xml"


@pytest.mark.parametrize(
    "link",
    [
        "http://www.rechtsprechung.example/docs/jb-1.zip",
        "https://www.rechtsprechung.example/docs/jb-1.zip",
        "http://WWW.Rechtsprechung.example:80/docs/jb-1.zip",
    ],
)
def test_links_take_scheme_and_host_of_the_table(link: str) -> None:
    assert on_same_site(TOC, link) == "https://www.rechtsprechung.example/docs/jb-1.zip"


@pytest.mark.parametrize(
    "link",
    [
        "http://rechtsprechung.example/docs/jb-1.zip",
        "http://www.rechtsprechung.example.attacker.example/jb-1.zip",
        "http://www.rechtsprechung.example@attacker.example/jb-1.zip",
        "http://user@www.rechtsprechung.example/jb-1.zip",
        "http://www.rechtsprechung.example:8080/jb-1.zip",
        "http://www.rechtsprechung.example:99999/jb-1.zip",
        "http://www.rechtsprechung.example/jb-1.zip?file=other",
        "file:///etc/passwd",
        "ftp://www.rechtsprechung.example/jb-1.zip",
        "//www.rechtsprechung.example/jb-1.zip",
        "http://[broken/jb-1.zip",
        "jb-1.zip",
        "",
    ],
)
def test_other_links_are_refused(link: str) -> None:
    with pytest.raises(UnsafeAddressError):
        on_same_site(TOC, link)


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../jb-1.zip",
        "/docs/%2e%2e/jb.zip",
        "/docs//jb.zip",
        "/a\\b.zip",
        "/.hidden.zip",
        "/-rf.zip",
        "/ä.zip",
        "/",
        "",
    ],
)
def test_unsafe_paths_are_refused(path: str) -> None:
    with pytest.raises(UnsafeAddressError):
        safe_segments(f"https://host.example{path}")


def test_safe_segments() -> None:
    assert safe_segments("https://host.example/1_bimschv_2010/xml.zip") == ["1_bimschv_2010", "xml.zip"]


def test_redirects_stay_on_the_site_and_never_become_less_safe() -> None:
    check_redirect("http://host.example/a", "https://host.example/b")
    for origin, target in (
        ("https://host.example/a", "http://host.example/a"),
        ("https://host.example/a", "https://other.example/a"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8001/a"),
    ):
        with pytest.raises(UnsafeAddressError, match="another site"):
            check_redirect(origin, target)
