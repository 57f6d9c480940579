"""`wattline rate --case FILE [--json]`: rate a case file and show the bill; with `expect`, exit 1 and show each difference.

`wattline tariff-validate FILE` and `wattline tariff-compare FILE` answer as JSON what the routes of the same names answer.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from services.billing.rating.cases import advice
from services.billing.rating.cases import run as cases
from services.billing.rating.cases.answer import for_people
from services.billing.tariffs.documents import packaged as tariff_documents
from shared.document import DocumentError
from shared.regulation import packaged as policy_documents

CASE_BYTES_MAX = 16 * 1024 * 1024
"""A year of quarter-hours of several quantities takes about 2 MiB of JSON."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--case", required=True, metavar="FILE", help="case file (JSON, see docs/rating-reference.md)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("--supplied", metavar="NAME", help="fill open facts of the packaged tariffs, such as: sample")


def run(args: argparse.Namespace) -> int:
    """Rate the case of the arguments; 0 = rated as expected, 1 = differences or refused, 2 = no such case."""
    try:
        case = read_case(Path(args.case))
        documents = tariff_documents.documents(args.supplied)
    except (OSError, ValueError) as error:
        return _unreadable(args.case, error)
    answer = cases.run(case, documents, policy_documents.policies())
    print(json.dumps(answer, ensure_ascii=False, indent=2) if args.json else for_people(answer))
    found = cases.differences(case, answer)
    for difference in found:
        print(f"DIFFERENT {difference}", file=sys.stderr)
    refused_unexpectedly = "refusal" in answer and "refusal" not in (case.get("expect") or {})
    return 1 if found or refused_unexpectedly else 0


def add_file_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of tariff-validate and tariff-compare."""
    parser.add_argument(
        "file", metavar="FILE", help="JSON: a tariff document, or cycles with alternatives (docs/rating-reference.md)"
    )
    parser.add_argument("--supplied", metavar="NAME", help="fill open facts of the packaged tariffs, such as: sample")


def run_validate(args: argparse.Namespace) -> int:
    """Check a tariff document; 0 = valid, 1 = not, 2 = no such file."""
    try:
        answer = advice.validate(read_case(Path(args.file)), tariff_documents.documents(args.supplied))
    except (OSError, ValueError) as error:
        return _unreadable(args.file, error)
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return 0 if answer["valid"] else 1


def run_compare(args: argparse.Namespace) -> int:
    """Compare alternatives over the cycles of a file; 0 = compared, 1 = refused, 2 = no such file."""
    try:
        answer = advice.compare(read_case(Path(args.file)), tariff_documents.documents(args.supplied))
    except (OSError, ValueError) as error:
        return _unreadable(args.file, error)
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return 1 if "refusal" in answer else 0


def _unreadable(file: str, error: Exception) -> int:
    print(f"{file}: {error}", file=sys.stderr)
    return 2


def read_case(path: Path) -> dict[str, Any]:
    """Read a case file; ValueError where it is no JSON object, or too large."""
    if path.stat().st_size > CASE_BYTES_MAX:
        raise ValueError(f"more than {CASE_BYTES_MAX} bytes")
    try:
        case = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise DocumentError("document_too_deep", "") from None
    if not isinstance(case, dict):
        raise ValueError("a JSON object was expected")
    return case


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(_parser)
    sys.exit(run(_parser.parse_args()))
