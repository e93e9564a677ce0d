"""A command of `parley`, and at the end a line with its seconds and the peak memory of this process, in MiB."""

import json
import sys
import time

from processes import peak_mib

from interfaces.cli import app

if __name__ == "__main__":
    start = time.perf_counter()
    app(sys.argv[1:], standalone_mode=False)
    print(json.dumps({"seconds": time.perf_counter() - start, "mib": peak_mib()}))
