"""Bytes as people read them, alike on every page, in the terminal and in what commands print."""


def size(count: int) -> str:
    """1.2 TB, 282 GB, 14.1 MB: powers of ten, as disks are sold; three figures."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
