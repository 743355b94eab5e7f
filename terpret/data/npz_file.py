"""Arrays in an `.npz` file: read whole, or left where they lie if they are large.

The file is looked at as the zip archive it is, so that nothing is unpacked before its size is
known, nothing in it is ever executed, and an uncompressed array can be mapped into memory.
"""

import dataclasses
import math
import os
import struct
import zipfile
import zlib
from typing import IO, Literal

import numpy as np
from numpy.lib import format as npy

from terpret.data.faults import Faults

# Uncompressed arrays of more bytes are not read; what is read is told damaged by its check sum.
MAPPED_FROM = 64 * 1024**2
# The most bytes that compressed arrays may have together when they are unpacked.
MAX_UNPACKED = 4 * 1024**3
_ENDING = ".npy"
_LOCAL_HEADER, _LENGTHS = 30, slice(26, 30)
_ENCRYPTED = 0x1
_DAMAGED = (
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


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


class _Refused(Exception):
    """An array that is not read, and why."""


def read_npz(path: str, faults: Faults) -> dict[str, np.ndarray]:
    """The arrays of a file by name; what cannot be read is a fault.

    Args:
      path: the file.
      faults: where what is wrong is recorded.

    Returns:
      Arrays that must not be written to; those larger than `MAPPED_FROM` that are not compressed
      are read from the file when they are used.
    """
    arrays: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist() if _packed(one)) > MAX_UNPACKED:
                faults.add(
                    f"{path}: its compressed arrays have more than {MAX_UNPACKED / 1e9:.1f} GB "
                    "together: save it uncompressed, by np.savez"
                )
                return {}
            for member in archive.infolist():
                name = member.filename.removesuffix(_ENDING)
                if name in arrays:
                    faults.add(f"{path}: {name[:60]!r} is there twice")
                    continue
                try:
                    arrays[name] = _array(path, archive, member)
                except _Refused as reason:
                    faults.add(f"{path}: {name[:60]!r} {reason}")
                except _DAMAGED as error:
                    faults.add(f"{path}: {name[:60]!r} is damaged: {_reason(error)}")
    except zipfile.BadZipFile as error:
        one = "one array alone: save it with its name, by np.savez"
        what = one if _is_npy(path) else f"no .npz file, or damaged: {_reason(error)}"
        faults.add(f"{path}: this is {what}")
    except _DAMAGED as error:
        faults.add(f"{path}: cannot read the file: {_reason(error)}")
    return arrays


def _packed(member: zipfile.ZipInfo) -> bool:
    return member.compress_type != zipfile.ZIP_STORED


def _array(path: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    if not member.filename.endswith(_ENDING):
        raise _Refused("is no array: an .npz file holds NAME.npy alone")
    if member.flag_bits & _ENCRYPTED:
        raise _Refused("is encrypted")
    with archive.open(member) as file:
        header = _header(file)
        if header.length + header.bytes != member.file_size:
            raise _Refused(f"is damaged: it has {member.file_size:,} bytes for {header.shape}")
        order: Literal["F", "C"] = "F" if header.fortran else "C"
        if not _packed(member) and header.bytes > MAPPED_FROM:
            start = _start(path, member) + header.length
            mapped = np.memmap(path, header.dtype, "r", start, header.shape, order)
            return mapped.view(np.ndarray)
        if not header.bytes:
            return np.zeros(header.shape, header.dtype)
        # One byte more than there are, so that the check sum is looked at.
        data = file.read(header.bytes + 1)
    return np.frombuffer(data, header.dtype).reshape(header.shape, order=order)


def _header(file: IO[bytes]) -> _Header:
    """Reads an array's header, and nothing that could run."""
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise _Refused("is of named fields: give an array for each name")
    try:
        shape, fortran, dtype = read(file)
    except (MemoryError, RecursionError, SyntaxError, TypeError) as error:
        raise ValueError("its header is wrong") from error
    if dtype.hasobject:
        raise _Refused("holds Python objects, which are not read: give integers or floats")
    if dtype.names is not None or dtype.itemsize == 0 or any(size < 0 for size in shape):
        raise _Refused(f"is of dtype {dtype}, not of integers or floats")
    return _Header(dtype, shape, fortran, file.tell())


def _start(path: str, member: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin in the file."""
    with open(path, "rb") as file:
        file.seek(member.header_offset)
        name, extra = struct.unpack("<HH", file.read(_LOCAL_HEADER)[_LENGTHS])
    start = member.header_offset + _LOCAL_HEADER + name + extra
    if start + member.file_size > os.path.getsize(path):
        raise _Refused("is damaged: the file ends before it")
    return start


def _is_npy(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0][:100].rstrip(".").lower()
