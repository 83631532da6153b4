"""Answers of a simulated camera about its card: ONVIF Recording Search and Replay services (ver10)."""

from datetime import datetime
from xml.sax.saxutils import escape

from cameras.simulator import soap
from cameras.simulator.card import Card
from cameras.simulator.soap import Call


class CardService:
    """What is asked of one card. `replay`: address of its replay stream."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.replay = ""
        self._searches: set[str] = set()
        self._made = 0

    def answer(self, call: Call) -> tuple[int, bytes]:
        """HTTP status and envelope."""
        token = call.fields.get("SearchToken", "")
        recording = call.fields.get("RecordingToken", "")
        match call.operation:
            case "GetRecordingSummary":
                return self._told(call, self._summary())
            case "FindRecordings":
                self._made += 1
                self._searches.add(f"search-{self._made}")
                return self._told(call, f"<g:SearchToken>search-{self._made}</g:SearchToken>")
            case "GetRecordingSearchResults" if token in self._searches:
                found = f"<tt:SearchState>Completed</tt:SearchState>{self._information('tt')}"
                return self._told(call, f"<g:ResultList>{found}</g:ResultList>")
            case "EndSearch" if token in self._searches:
                self._searches.discard(token)
                return self._told(call, "")
            case "GetRecordingInformation" if recording == self.card.token:
                return self._told(call, self._information("g"))
            case "GetReplayUri" if recording == self.card.token:
                return self._told(call, f"<g:Uri>{escape(self.replay)}</g:Uri>")
            case "GetReplayConfiguration":
                told = "<g:Configuration><tt:SessionTimeout>PT60S</tt:SessionTimeout></g:Configuration>"
                return self._told(call, told)
            case "GetRecordingSearchResults" | "EndSearch":
                return 400, soap.fault("ter:InvalidToken", "The search token is invalid")
            case "GetRecordingInformation" | "GetReplayUri":
                return 400, soap.fault("ter:NoRecording", "The recording token does not exist")
        return 400, soap.fault("ter:ActionNotSupported", "Optional Action Not Implemented")

    @staticmethod
    def _told(call: Call, inside: str) -> tuple[int, bytes]:
        name = f"{call.operation}Response"
        return 200, soap.envelope(f'<g:{name} xmlns:g="{call.namespace}">{inside}</g:{name}>')

    def _summary(self) -> str:
        span = self.card.span()
        times = span or (datetime(1970, 1, 1), datetime(1970, 1, 1))
        return (
            f"<g:Summary><tt:DataFrom>{_xml(times[0])}</tt:DataFrom><tt:DataUntil>{_xml(times[1])}</tt:DataUntil>"
            f"<tt:NumberRecordings>{int(span is not None)}</tt:NumberRecordings></g:Summary>"
        )

    def _information(self, space: str) -> str:
        span = self.card.span()
        if span is None:
            return ""
        first, last = (_xml(one) for one in span)
        return (
            f"<{space}:RecordingInformation><tt:RecordingToken>{self.card.token}</tt:RecordingToken><tt:Source>"
            f"<tt:SourceId>{self.card.source_token}</tt:SourceId><tt:Name>camera</tt:Name><tt:Location/>"
            "<tt:Description/><tt:Address/></tt:Source>"
            f"<tt:EarliestRecording>{first}</tt:EarliestRecording><tt:LatestRecording>{last}</tt:LatestRecording>"
            f"<tt:Content/><tt:Track><tt:TrackToken>{self.card.track}</tt:TrackToken><tt:TrackType>Video</tt:TrackType>"
            f"<tt:Description/><tt:DataFrom>{first}</tt:DataFrom><tt:DataTo>{last}</tt:DataTo></tt:Track>"
            f"<tt:RecordingStatus>Recording</tt:RecordingStatus></{space}:RecordingInformation>"
        )


def _xml(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
