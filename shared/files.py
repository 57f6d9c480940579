"""Files that hold what is nobody else's business."""

import os
from pathlib import Path

MODE = 0o600
BESIDE = ("-wal", "-shm", "-journal")  # SQLite makes them with the mode of the database


def private_database(path: str | Path) -> None:
    """Make a SQLite file, unless it is there, that its owner alone can read; one that is there becomes so."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, MODE))
    for file in (Path(path), *(Path(f"{path}{end}") for end in BESIDE)):
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(MODE)
