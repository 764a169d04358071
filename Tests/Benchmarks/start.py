"""How long the service takes until it is ready, beside 'ask': start.py --model DIR --image FILE [--rounds 5]

In each round 'mobilevlm ask' runs until its first answer and 'mobilevlm run' until it tells systemd that it is ready (READY=1)
and then until its first answer about a camera (a test pattern, 10 frames per second), in turn. The first round of both fills the page cache and does not count. Prints each pair, and medians with their ratio.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def ask(program, model, image):
    started = time.monotonic()
    process = subprocess.Popen([program, "ask", "--model", model, "--image", image, "--yes-no", "Is there a person?"],
                               stdout=subprocess.PIPE)
    first = process.stdout.read(1)
    seconds = time.monotonic() - started
    process.stdout.read()
    if process.wait() != 0 or not first:
        raise SystemExit("ask failed")
    return seconds


def has_answered(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            return any(float(count) > 0 for count in re.findall(r"^mobilevlm_answers_total\S* (\S+)", page.read().decode(), re.M))
    except OSError:
        return False


def serve(program, folder, port, log):
    """Seconds until READY=1, seconds until the first answer, and the most memory until then, in MiB."""
    address = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(address)
        started = time.monotonic()
        process = subprocess.Popen([program, "run", "--config", folder / "appsettings.json"],
                                   stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "NOTIFY_SOCKET": address})
        notify.settimeout(120)
        while b"READY=1" not in notify.recv(4096).split(b"\n"):
            pass
        ready = time.monotonic() - started
        while not has_answered(port):
            time.sleep(0.05)
        answered = time.monotonic() - started
        most = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    os.unlink(address)
    return ready, answered, most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--program", default=[str(REPOSITORY / "Deploy/bin/Release/net10.0/mobilevlm")], nargs="+",
                        help="one or more builds, compared in turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--log", default=os.devnull, help="file for the service's log")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mobilevlm-start-") as name, open(args.log, "wb") as log:
        folder = pathlib.Path(name)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        settings = {"Node": "start", "Model": {"Path": os.path.abspath(args.model)},
                    "Mqtt": {"Broker": "embedded", "Port": 0}, "Metrics": {"Port": port},
                    "Cameras": {"camera": {"Source": "pattern:640x480@10",
                                           "Questions": {"person": {"Ask": "Is there a person?", "Answer": "YesNo"}}}}}
        (folder / "appsettings.json").write_text(json.dumps({"MobileVlm": settings}))
        results = {program: [] for program in args.program}
        for number in range(args.rounds + 1):
            for program in args.program:
                pair = ask(program, args.model, args.image), *serve(program, folder, port, log)
                if number > 0:
                    results[program].append(pair)
                    print(f"{program}: ask {pair[0]:.2f} s, service ready {pair[1]:.2f} s ({pair[1] / pair[0]:.2f}), "
                          f"first answer {pair[2]:.2f} s, most memory {pair[3]:.0f} MiB", flush=True)
    for program, pairs in results.items():
        asked, ready, answered, most = (statistics.median(it) for it in zip(*pairs))
        print(f"{program}: median ask {asked:.2f} s, service ready {ready:.2f} s, ratio {ready / asked:.2f}, "
              f"first answer {answered:.2f} s, {most:.0f} MiB")


if __name__ == "__main__":
    main()
