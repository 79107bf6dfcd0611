"""Reads from the Tenor how the request that a court decided on ended.

The request is the claim or application in the first instance and the remedy (Berufung, Revision, Beschwerde, ...) above
it: a judgment set aside on appeal is a success of the appeal, whatever then becomes of the claim. Only main clauses of
the Tenor count. Where they do not agree, or both sides sought something and fared differently, there is no outcome: a
wrong label is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from legaltune.corpus.document import Paragraph
from legaltune.corpus.patterns import rare


class Outcome(StrEnum):
    """What became of the request.

    TEILWEISE_STATTGEGEBEN: a part had success (decided or sent back), the rest was refused.
    ZURUECKGEWIESEN: refused, or dismissed without saying that it was inadmissible.
    VERWORFEN: refused as inadmissible.
    ZURUECKVERWIESEN: the remedy had success and the matter goes back to another court.
    NICHT_ANGENOMMEN: a Verfassungsbeschwerde or (until 2001) a Revision that was not accepted for decision.
    ERLEDIGT: ended without a decision on it (eingestellt, zurückgenommen, erledigt, wirkungslos).
    """

    STATTGEGEBEN = "stattgegeben"
    TEILWEISE_STATTGEGEBEN = "teilweise stattgegeben"
    ZURUECKGEWIESEN = "zurückgewiesen"
    VERWORFEN = "verworfen"
    ZURUECKVERWIESEN = "zurückverwiesen"
    NICHT_ANGENOMMEN = "nicht angenommen"
    ERLEDIGT = "erledigt"


class _Kind(Enum):
    SUCCESS = auto()  # the decision appealed against is set aside
    GRANT = auto()
    REFUSAL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class _Disposition:
    """What one main clause of the Tenor decides.

    Attributes:
        outcome: Outcome if this clause were alone, None where it cannot be told.
        remedy: Remedy it decides on ("revision"), None for a claim or application and where none is named.
        party: Who brought the remedy ("kläger"), None where it is not said.
        is_rest: It decides on what is left ("im Übrigen", "die weitergehende Revision").
    """

    kind: _Kind
    outcome: Outcome | None
    remedy: str | None = None
    party: str | None = None
    is_rest: bool = False


def read_outcome(tenor: Sequence[Paragraph]) -> Outcome | None:
    """Outcome of the main matter, None where the Tenor does not say it plainly."""
    sentences = list(_sentences(tenor))
    if any(_NOT_ONE_REQUEST.search(sentence) for sentence in sentences):
        return None
    relevant = [sentence for sentence in sentences if not _is_ancillary(sentence)]
    beside = [sentence for sentence in relevant if _SIDE_MATTER.search(sentence)]
    aside = frozenset(beside)
    main = [sentence for sentence in relevant if sentence not in aside] if beside else relevant
    outcome = _combine(_dispositions(main) or _dispositions(beside))
    if outcome is Outcome.STATTGEGEBEN and any(map(_shares_costs, sentences)):
        return None  # who wins everything bears no costs: something was overlooked
    return outcome


_ENUMERATOR = re.compile(r"^\s*(?:(?:[IVX]{1,4}|\d{1,2}|[a-z])[.)]\s*)+(?=[A-ZÄÖÜ]|$)")
_DATE = re.compile(r"\d{1,2}\.\s(?:Jan|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)")
# A full stop ends a sentence only behind a word: not in "2. Juli", "Az. 5", "Dr. Meier".
_SENTENCE_END = re.compile(
    r"(?<=\.)(?<=[a-zäöüß]{4}\.)\s+(?=(?:(?:\d{1,2}|[IVX]{1,4})\.\s)?[A-ZÄÖÜ])|;\s+|,?\s+und\s+(?=im\s+[Üü]brigen\s)"
)


def _sentences(tenor: Sequence[Paragraph]) -> Iterator[str]:
    """Sentences of the Tenor without their enumerators; lines that were broken within a sentence are joined."""
    lines: list[str] = []
    for line in (" ".join(line.split()) for paragraph in tenor for line in paragraph.text.splitlines()):
        is_open = bool(lines and lines[-1]) and lines[-1][-1] not in ".:;"
        if line[:1] in {",", "§"} or (is_open and (line[:1].islower() or _DATE.match(line))):
            lines.append(line)
        else:
            yield from _split(" ".join(lines))
            lines = [line]
    yield from _split(" ".join(lines))


# Longer than any sentence of a Tenor. How it begins and ends says what it decides; the patterns below, which look for
# words far from each other, would need time quadratic in its length.
_MAX_SENTENCE_CHARS = 3_000
_END_CHARS = 1_000


def _split(text: str) -> Iterator[str]:
    for part in _SENTENCE_END.split(text):
        if sentence := _ENUMERATOR.sub("", part).strip():
            is_long = len(sentence) > _MAX_SENTENCE_CHARS
            yield f"{sentence[: _MAX_SENTENCE_CHARS - _END_CHARS]} {sentence[-_END_CHARS:]}" if is_long else sentence


# Costs and value in dispute, where a clause on them could be taken for one on the main matter.
_COSTS_OR_VALUE = re.compile(
    r"(?:Die\s)?(?:\w+en?\s)?(?:Gerichtsk|K)osten\b|Die\s(?:Fests|Streitwertfests|Wertfests)etzung\b|Der\sWert\b"
)
_SETS_VALUE = rare("festgesetzt", r"(?:Streit|Gegenstands|Geschäfts|Verfahrens|Beschwerde)wert\b.*\bfestgesetzt")
# Decided beside the main matter; counts only where there is nothing else.
_SIDE_MATTER = rare(
    "kostenhilfe|Notanwalt|beizuladen|Beiladung|Ablehnungsgesuch|Befangenheit|Wiedereinsetzung",
    r"kostenhilfe|Notanwalt|beizuladen|Beiladung\b|Ablehnungsgesuch|Befangenheit"
    r"|^(?:Der|Dem|Die)\b[^,]*\bWiedereinsetzung",
)
# A criminal verdict answers no request; with a Widerklage there are two.
_NOT_ONE_REQUEST = rare(
    "Angeklagte|Wider",
    r"^(?:Der|Die)\sAngeklagten?\b.*\b(?:schuldig|verurteilt|freigesprochen|verwarnt)|Wider(?:klage|antr[aä]g)",
)
_COSTS = re.compile(r"[Kk]osten\b")
_QUOTA = re.compile(r"\d\s?(?:%|Prozent)|vom\sHundert|v\.\s?H\.|\d/\d|[½¼¾⅓⅔]|Hälfte|gegeneinander|Drittel|Viertel")

# A compound ends on it ("Rechtsbeschwerde").
_REMEDY = r"(?P<remedy>beschwerde|revision|berufung|rechtsmittel|erinnerung|einspruch)(?:n|en|s|es)?\b"
_REMEDY_OF = re.compile(
    rf"(?i:{_REMEDY})(?:\s(?:des|der)\s(?P<party>Antragst|Antragsg|Beteiligten\szu\s\d|[A-Z]\w{{3}}))?"
)
_ON_REMEDY = re.compile(rf"Auf\s(?:(?:die|das|den)\s.{{0,80}}?)?(?i:\b\w*{_REMEDY})")
_REQUEST = re.compile(
    r"(?i:revision|berufung|beschwerde|rechtsmittel|erinnerung|einspruch|rüge|klage|antr[aä]g|gesuch|widerspruch"
    r"|gegenvorstellung)"
)
# In a main clause the participle comes last ("wird ... zurückgewiesen"), in a subordinate clause the auxiliary does
# ("soweit die Klage abgewiesen worden ist").
_MAIN = r"(?!\w)(?!\s(?:hat|haben|hatte|worden|wurden?|ist|sind|wird|werden|sei|seien)\b)"
_REFUSED = rare(
    "gewiesen|abgelehnt|verworfen|zugelassen",
    rf"(?:\bals\s(?:\w+\s)?(?P<ground>unzulässig|unbegründet)\s)?"
    rf"\b(?P<verb>zurück-?gewiesen|abgewiesen|abgelehnt|verworfen|gegen\b.*\bnicht\szugelassen){_MAIN}",
)
_NOT_ACCEPTED = rare(
    "angenommen|Annahme",
    rf"\bnicht\s(?:zur\sEntscheidung\s)?angenommen{_MAIN}|\bAnnahme\sder\sRevision\b.*\babgelehnt{_MAIN}",
)
_REMANDED = rare("verwiesen|zurückgegeben", rf"\b(?:zurück-?verwiesen|zurückgegeben){_MAIN}")
_ENDED = rare(
    "eingestellt|wirkungslos|zurückgenommen|erledigt",
    rf"\b(?:(?:\w+v|V)erfahren\b.*\beingestellt{_MAIN}|wirkungslos\b"
    r"|(?:Klage|Berufung|Revision|Beschwerde|Antrag)\s(?:ist|gilt\sals)\szurückgenommen"
    rf"|(?:Rechtsstreit|Verfahren|Hauptsache)\s(?:ist|sind|wird|hat)\b.*\berledigt{_MAIN})",
)
_APPEALED = r"(?:Urteil|Beschlu(?:ss|ß)|Beschlüsse|Entscheidung|Gerichtsbescheid|Zwischenverfügung|Verfügung)\w{0,3}"
_SET_ASIDE = re.compile(
    rf"(?:Das|Der|Die)\s{_APPEALED}\s.*\b(?:wird|werden)\b.*\b(?:aufgehoben|(?:ab)?geändert){_MAIN}"
    rf"|(?:Unter|In)\s(?:teilweiser\s)?(?:Aufhebung|Abänderung|Änderung)\s.*{_APPEALED}"
)
_ACT = r"(?:\b\w*[Bb]escheide?s?|\bVerwaltungsakte?|\b\w*[Ss]atzung|\bBebauungsplan|\b\w*[Vv]erordnung)\b"
_GRANTED = re.compile(
    rf"\b(?:(?:wird|werden)\b.*\b(?:verurteilt|verpflichtet|untersagt|aufgegeben|gestattet|bewilligt){_MAIN}"
    rf"|(?:aufschiebende\sWirkung|Löschung)\b.*\b(?:angeordnet|wiederhergestellt){_MAIN}"
    r"|für\s(?:nichtig|unwirksam|rechtswidrig|begründet)\serklärt|außer\sVollzug\sgesetzt|Vollziehung\b.*\bausgesetzt"
    rf"|(?:Klage|Antrag|Anträgen|Beschwerde|Erinnerung)\s.*\b(?:stattgegeben|entsprochen){_MAIN})"
)
_OPENS_GRANT = re.compile(
    rf"Es\swird\sfestgestellt,\sdass|Unter\s(?:Aufhebung|Abänderung|Änderung)\s(?:de[rs]\s)?{_ACT}"
    r"|(?:Der|Die|Das)\s\w+\s.*\b(?:ist|sind|war|waren)\srechtswidrig"
)
_ACT_IS_VOID = rare(
    "aufgehoben|geändert|unwirksam|nichtig", rf"{_ACT}.*\b(?:aufgehoben|(?:ab)?geändert|unwirksam|nichtig){_MAIN}"
)
_REST = re.compile(r"(?i:\bim\sübrigen\b|weiter\s?gehende|darüber\shinaus)")
_PARTLY = re.compile(r"\b(?:teilweise[rn]?|zum\sTeil)\b")
_UNDER_REFUSAL = re.compile(
    r"\b[Uu]nter\s(?P<own>deren\s|dessen\s|ihrer\s|seiner\s)?(?:\w+\s)?"
    r"(?P<noun>\w*(?:[Zz]urückweisung|[Vv]erwerfung|[Aa]bweisung|[Aa]blehnung))\b"
)
# In criminal procedure an unfounded remedy is verworfen too.
_CRIMINAL_PARTY = re.compile(
    r"Angeklagt|Staatsanwalt|Nebenkl|[Bb]eschuldigt|Angeschuldigt|Betroffene|Verurteilt|Verfolgt|Untergebracht"
    r"|Einziehungsbet"
)
_CIVIL_PARTY = re.compile(r"\b(?:Kläger|Beklagte|Antragsteller|Antragsgegner|Beigeladen|Beteiligt|Schuldner|Gläubiger)")


def _dispositions(sentences: Iterable[str]) -> list[_Disposition]:
    return [disposition for sentence in sentences for disposition in _read_sentence(sentence)]


def _read_sentence(sentence: str) -> Iterator[_Disposition]:
    """What the main clauses of one sentence decide; nothing where it decides nothing that is known."""
    if _NOT_ACCEPTED.search(sentence):
        yield _Disposition(_Kind.REFUSAL, Outcome.NICHT_ANGENOMMEN, *_remedy_of(sentence))
    elif _ON_REMEDY.match(sentence):
        remedy, party = _remedy_of(sentence)
        yield _Disposition(_Kind.SUCCESS, _success_outcome(sentence), remedy, party)
        yield from _refused_beside(sentence, remedy)
    elif _SET_ASIDE.match(sentence) or _REMANDED.search(sentence):
        yield _Disposition(_Kind.SUCCESS, _success_outcome(sentence))
        yield from _refused_beside(sentence, _remedy_of(sentence)[0])
    elif _ENDED.search(sentence):
        yield _Disposition(_Kind.END, Outcome.ERLEDIGT)
    elif _OPENS_GRANT.match(sentence) or _GRANTED.search(sentence) or _ACT_IS_VOID.search(sentence):
        yield _Disposition(_Kind.GRANT, _success_outcome(sentence))
        yield from _refused_beside(sentence, remedy=None)
    else:
        yield from _refusals(sentence)


def _refusals(sentence: str) -> Iterator[_Disposition]:
    refusals = list(_REFUSED.finditer(sentence))
    if not refusals or not _REQUEST.search(sentence):
        return
    remedy, party = _remedy_of(sentence)
    position = 0
    for refused in refusals:
        is_rest = bool(_REST.search(sentence, position, refused.end()))
        yield _Disposition(_Kind.REFUSAL, _refusal_outcome(sentence, refused), remedy, party, is_rest)
        position = refused.end()


def _remedy_of(sentence: str) -> tuple[str | None, str | None]:
    """The remedy that a sentence names first, and who brought it."""
    match = _REMEDY_OF.search(sentence)
    return (match["remedy"].casefold(), match["party"]) if match else (None, None)


def _is_ancillary(sentence: str) -> bool:
    return _COSTS_OR_VALUE.match(sentence) is not None or _SETS_VALUE.search(sentence) is not None


def _shares_costs(sentence: str) -> bool:
    if "Vollstreck" in sentence or "vollstreck" in sentence:
        return False
    return _COSTS.search(sentence) is not None and _QUOTA.search(sentence) is not None


def _success_outcome(sentence: str) -> Outcome | None:
    """Outcome of a clause that grants; None where it is open whether that is all that was sought."""
    if _PARTLY.search(sentence):
        return None
    if _REMANDED.search(sentence):
        return None if _REST.search(sentence) else Outcome.ZURUECKVERWIESEN
    return Outcome.STATTGEGEBEN


def _refused_beside(sentence: str, remedy: str | None) -> Iterator[_Disposition]:
    """What a clause that grants refuses in passing ("unter deren Zurückweisung im Übrigen")."""
    if refusal := _UNDER_REFUSAL.search(sentence):
        is_rest = refusal["own"] is not None or _REST.search(sentence) is not None
        is_of_claim = refusal["noun"].casefold().endswith("abweisung")
        yield _Disposition(
            _Kind.REFUSAL, Outcome.ZURUECKGEWIESEN, remedy=None if is_of_claim else remedy, is_rest=is_rest
        )


def _refusal_outcome(sentence: str, refused: re.Match[str]) -> Outcome | None:
    if refused["ground"] == "unzulässig":
        return Outcome.VERWORFEN
    if refused["ground"] == "unbegründet" or refused["verb"] != "verworfen":
        return Outcome.ZURUECKGEWIESEN
    is_revision = "evision" in sentence
    if _CRIMINAL_PARTY.search(sentence):
        return Outcome.ZURUECKGEWIESEN if is_revision else None
    return None if is_revision and not _CIVIL_PARTY.search(sentence) else Outcome.VERWORFEN


def _combine(dispositions: Sequence[_Disposition]) -> Outcome | None:
    """The one outcome of all dispositions, None where they contradict each other."""
    kinds = {disposition.kind for disposition in dispositions}
    refusals = [disposition for disposition in dispositions if disposition.kind is _Kind.REFUSAL]
    if _Kind.SUCCESS in kinds and _Kind.END not in kinds:
        return _combine_success([found for found in dispositions if found.kind is _Kind.SUCCESS], refusals)
    if kinds == {_Kind.GRANT, _Kind.REFUSAL}:
        return Outcome.TEILWEISE_STATTGEGEBEN if all(refusal.is_rest for refusal in refusals) else None
    if len(kinds) != 1 or all(disposition.is_rest for disposition in dispositions):
        return None  # a rest alone means that what comes before it was not understood
    outcomes = {disposition.outcome for disposition in dispositions}
    return outcomes.pop() if len(outcomes) == 1 else None


def _combine_success(successes: Sequence[_Disposition], refusals: Sequence[_Disposition]) -> Outcome | None:
    """Outcome of a remedy that had success; what then becomes of the claim below does not matter."""
    first = next((success for success in successes if success.remedy), successes[0])
    if len({success.party for success in successes if success.remedy == first.remedy and success.party}) > 1:
        return None
    competing = [refusal for refusal in refusals if _is_on_same_remedy(first, refusal)]
    if competing:
        return Outcome.TEILWEISE_STATTGEGEBEN if all(refusal.is_rest for refusal in competing) else None
    outcomes = {success.outcome for success in successes}
    if None in outcomes or any(refusal.is_rest for refusal in refusals):
        return None
    return Outcome.ZURUECKVERWIESEN if Outcome.ZURUECKVERWIESEN in outcomes else Outcome.STATTGEGEBEN


def _is_on_same_remedy(success: _Disposition, refusal: _Disposition) -> bool:
    if success.remedy is None:
        return refusal.remedy is not None or refusal.is_rest
    return refusal.remedy in {success.remedy, "rechtsmittel"}
