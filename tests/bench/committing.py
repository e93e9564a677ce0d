"""What a record costs without HTTP: one claim after the other, each committed by itself, its key with it.

committing.py ADDRESS SECONDS      prints the median latency in milliseconds
"""

import json
import sys
import time
from hashlib import sha256
from statistics import median

from claims import Claims
from course import committer, submissions

from infrastructure.committer import Request


def main(address: str, seconds: float) -> None:
    submission, committing, claims, taken = submissions(), committer(address), Claims(0), []
    until = time.perf_counter() + seconds
    while (start := time.perf_counter()) < until:
        told = claims.next()
        work = submission(json.loads(told.body) | {"command": "make-claim"})
        (stored,) = committing.commit([Request([work], told.key.decode(), sha256(told.body).digest())])
        if isinstance(stored, Exception):
            raise stored
        taken.append(time.perf_counter() - start)
    print(median(taken) * 1e3)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
