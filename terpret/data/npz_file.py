"""Arrays in an `.npz` file: read whole, or left where they lie if they are large.

The file is looked at as the zip archive it is, so that nothing is unpacked before its size is
known, nothing in it is ever executed, and of an uncompressed array any part can be read.
"""

import dataclasses
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Literal

import numpy as np
from numpy.lib import format as npy

from terpret.data.faults import Faults
from terpret.data.file_array import FileArray, OpenFile, Values, opened

# Uncompressed arrays of more bytes are not read; what is read is told damaged by its check sum.
LEFT_FROM = 64 * 1024**2
# The most bytes that compressed arrays may have together when they are unpacked.
MAX_UNPACKED = 4 * 1024**3
# What reading a file raises that was cut off, or that has a wrong byte somewhere.
DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_ENDING = ".npy"
_LOCAL_HEADER, _LENGTHS = 30, slice(26, 30)
_ENCRYPTED = 0x1


@dataclasses.dataclass(frozen=True)
class _Header:
    """What an array's header says: its kind, its sizes, their order, and its own length."""

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    length: int

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Refused(Exception):
    """An array that is not read, and why."""


class HoldsObjects(Refused):
    """An array of Python objects, whose reading could run anything."""


class TooLarge(Refused):
    """Arrays that would not fit into memory."""


def read_npz(path: str, faults: Faults) -> dict[str, Values]:
    """The arrays of a file by name; what cannot be read is a fault.

    Args:
      path: the file.
      faults: where what is wrong is recorded.

    Returns:
      Arrays that must not be written to; those larger than `LEFT_FROM` that are not compressed are
      read from the file when they are used.
    """
    arrays: dict[str, Values] = {}
    try:
        file = opened(path)
        for name, array in npz_entries(file.source, file):
            if isinstance(array, Refused):
                faults.add(f"{path}: {name[:60]!r} {array}")
            else:
                arrays[name] = array
    except zipfile.BadZipFile as error:
        one = "one array alone: save it with its name, by np.savez"
        what = one if _is_npy(file.source) else f"no .npz file, or damaged: {_reason(error)}"
        faults.add(f"{path}: this is {what}")
    except TooLarge as reason:
        faults.add(f"{path}: {reason}")
    except DAMAGE as error:
        faults.add(f"{path}: cannot read the file: {_reason(error)}")
    return arrays


def npz_entries(
    source: IO[bytes], file: OpenFile | None = None
) -> Iterator[tuple[str, Values | Refused]]:
    """The arrays of a file one by one.

    Args:
      source: the bytes of the file.
      file: the file, where large arrays are to be left in it.

    Yields:
      The name, and the array or why it is not read.

    Raises:
      TooLarge: compressed arrays have more than `MAX_UNPACKED` bytes together.
      DAMAGE: the file is none, or is damaged.
    """
    names = set[str]()
    with zipfile.ZipFile(source) as archive:
        if sum(one.file_size for one in archive.infolist() if _packed(one)) > MAX_UNPACKED:
            raise TooLarge(
                f"its compressed arrays have more than {MAX_UNPACKED / 1e9:.1f} GB together: save "
                "it uncompressed, by np.savez"
            )
        for member in archive.infolist():
            name = member.filename.removesuffix(_ENDING)
            array: Values | Refused
            try:
                if name in names:
                    raise Refused("is there twice")
                array = _array(archive, member, source, file)
            except Refused as reason:
                array = reason
            except MemoryError:
                array = TooLarge("does not fit into the memory that is free")
            except DAMAGE as error:
                array = Refused(f"is damaged: {_reason(error)}")
            names.add(name)
            yield name, array


def _packed(member: zipfile.ZipInfo) -> bool:
    return member.compress_type != zipfile.ZIP_STORED


def _array(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: IO[bytes], file: OpenFile | None
) -> Values:
    if not member.filename.endswith(_ENDING):
        raise Refused("is no array: an .npz file holds NAME.npy alone")
    if member.flag_bits & _ENCRYPTED:
        raise Refused("is encrypted")
    with archive.open(member) as stream:
        header = _header(stream)
        if header.length + header.bytes != member.file_size:
            raise Refused(f"is damaged: it has {member.file_size:,} bytes for {header.shape}")
        order: Literal["F", "C"] = "F" if header.fortran else "C"
        if file is not None and not _packed(member) and header.bytes > LEFT_FROM:
            start = _start(source, member, file.size) + header.length
            if not header.fortran:
                return FileArray(file, start, header.dtype, header.shape)
            if header.bytes > MAX_UNPACKED:
                raise TooLarge(
                    f"has more than {MAX_UNPACKED / 1e9:.1f} GB in Fortran order: save it in C "
                    "order, by np.ascontiguousarray"
                )
            flat = FileArray(file, start, header.dtype, (math.prod(header.shape),))
            return flat[:].reshape(header.shape, order=order)
        if not header.bytes:
            return np.zeros(header.shape, header.dtype)
        # One byte more than there are, so that the check sum is looked at.
        data = stream.read(header.bytes + 1)
    return np.frombuffer(data, header.dtype).reshape(header.shape, order=order)


def _header(file: IO[bytes]) -> _Header:
    """Reads an array's header, and nothing that could run."""
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise Refused("is of named fields: give an array for each name")
    try:
        shape, fortran, dtype = read(file)
    except (
        AttributeError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TypeError,
        tokenize.TokenError,
    ) as error:
        raise ValueError("its header is wrong") from error
    if dtype.hasobject:
        raise HoldsObjects("holds Python objects, which are not read: give integers or floats")
    if dtype.names is not None or dtype.itemsize == 0 or any(size < 0 for size in shape):
        raise Refused(f"is of dtype {dtype}, not of integers or floats")
    return _Header(dtype, shape, fortran, file.tell())


def _start(source: IO[bytes], member: zipfile.ZipInfo, size: int) -> int:
    """Where the bytes of a member begin in a file of a size."""
    place = source.tell()
    source.seek(member.header_offset)
    name, extra = struct.unpack("<HH", source.read(_LOCAL_HEADER)[_LENGTHS])
    source.seek(place)
    start = member.header_offset + _LOCAL_HEADER + name + extra
    if start + member.file_size > size:
        raise Refused("is damaged: the file ends before it")
    return start


def _is_npy(source: IO[bytes]) -> bool:
    source.seek(0)
    return source.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0][:100].rstrip(".").lower()
