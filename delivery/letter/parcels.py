"""A recipient and the frame of their letter → a parcel, made and signed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from delivery.engine import Parcel
from delivery.letter import message, verp
from delivery.letter.message import Frame, Message
from delivery.model import Mailing

Sign = Callable[[Message], Message]


@dataclass(frozen=True)
class Maker:
    mailing: Mailing
    secret: bytes  # of the return paths and Message-IDs
    sign: Sign | None = None

    def make(self, row: int, frame: Frame, subscriber: str, address: str, tokens: Mapping[str, str]) -> Parcel:
        """Raises DeliveryError when this reader cannot be written to."""
        values = message.reader_values(self.mailing, subscriber, address, tokens, self.secret)
        made = message.compose(frame, values)
        name, to = values["name!"], values["to!"]
        return Parcel(row, name, self._return_path(name), to, self.sign(made) if self.sign else made)

    def _return_path(self, name: str) -> str:
        bounces = self.mailing.bounces
        return verp.return_path(bounces, name) if bounces else message.clean_address(self.mailing.sender)
