"""What the service costs while nothing happens: idle.py --model DIR [--from 30 --to 40]

Starts still cameras over RTSP (1920x1080, 15 frames per second, H.264, each connection with a stream of its own), and the
built service with one yes/no question about each of them and no other key set. Reports the CPU time of the service's own
process between two minutes after its start as a share of one core, and that of its ffmpeg processes beside it, both from
/proc. CPU time and not elapsed time is counted, so that other work on the machine shifts the numbers little.

Needs what Tests/run.sh installs (ffmpeg, GStreamer's RTSP server with its Python bindings); run it with /usr/bin/python3.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
CAPTURED, USED, GATED = "captured", "used", "gated"


def read(path):
    """A file of /proc; empty when its process or thread has ended."""
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def stat(path):
    """The fields of a stat file behind the name, which may contain spaces."""
    return read(path).rpartition(")")[2].split()


def cpu(path, at=11):
    """User and system time in seconds; at=13 takes those of children that have ended."""
    fields = stat(path)
    return (int(fields[at]) + int(fields[at + 1])) / TICKS if fields else 0


class Snapshot:
    """Everything that is counted, at one moment."""

    def __init__(self, service, metrics):
        self.at = time.monotonic()
        self.own = cpu(f"/proc/{service}/stat")
        children = [p.name for p in pathlib.Path("/proc").iterdir() if p.name.isdigit()
                    and (stat(f"/proc/{p.name}/stat") or [0, 0])[1] == str(service)]
        self.ffmpeg = cpu(f"/proc/{service}/stat", 13) + sum(cpu(f"/proc/{child}/stat") for child in children)
        self.threads = {}
        for task in pathlib.Path(f"/proc/{service}/task").iterdir():
            status = dict(line.split(":\t", 1) for line in read(task / "status").splitlines() if ":\t" in line)
            if status:
                name = re.sub(r"[\d#:_-]+$", "", status["Name"]) or status["Name"]
                switches = int(status["voluntary_ctxt_switches"]) + int(status["nonvoluntary_ctxt_switches"])
                self.threads[task.name] = (name, switches, cpu(task / "stat"))
        self.resident = int(re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{service}/status"))[1]) / 1024
        self.frames = collections.Counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10) as page:
            for kind, value in re.findall(r"^mobilevlm_frames_(\w+?)_total\{.*?\} (\S+)", page.read().decode(), re.M):
                self.frames[kind] += float(value)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_clip(folder, size, rate, noise, minutes):
    """A still scene: one encoded group of pictures of four seconds, copied until the clip is long enough."""
    width, height = size.split("x")
    picture = f"scale={width}:{height}:flags=bicubic,setsar=1" + (f",noise=alls={noise}:allf=t" if noise else "")
    group, clip = folder / "group.mp4", folder / "clip.mp4"
    still = folder / "still.png"
    run = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    subprocess.run([*run, "-ss", "3", "-i", REPOSITORY / "Deploy/demo/gate.mp4", "-frames:v", "1", still], check=True)
    subprocess.run([*run, "-loop", "1", "-framerate", str(rate), "-i", still, "-t", "4", "-vf", picture, "-pix_fmt", "yuv420p",
                    "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", str(rate * 4), "-crf", "23", group],
                   check=True)
    subprocess.run([*run, "-stream_loop", "-1", "-i", group, "-c", "copy", "-t", str(minutes * 60), clip], check=True)
    return clip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="model folder")
    parser.add_argument("--program", default=str(REPOSITORY / "Deploy/bin/Release/net10.0/mobilevlm"), help="the built program")
    parser.add_argument("--from", dest="begin", type=float, default=30, help="minute at which counting begins (30)")
    parser.add_argument("--to", dest="end", type=float, default=40, help="minute at which it ends (40)")
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rate", type=int, default=15, help="frames per second")
    parser.add_argument("--noise", type=int, default=0, help="strength of sensor noise for ffmpeg's filter; 0 repeats equal pictures")
    parser.add_argument("--camera-key", action="append", default=[], metavar="KEY=JSON",
                        help='another key of every camera, for example GateRefreshMax=\'"00:00:30"\'')
    parser.add_argument("--threads", action="store_true", help="CPU time and context switches by thread name")
    parser.add_argument("--log", help="file for the service's log")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="mobilevlm-idle-") as name:
        folder = pathlib.Path(name)
        clip = make_clip(folder, args.size, args.rate, args.noise, args.end + 10)
        # RTSP_SCENE gives each connection a stream of its own, which begins when it connects.
        server = subprocess.Popen(
            ["/usr/bin/python3", REPOSITORY / "Tests/Shared/rtsp-test-server.py", "0", clip],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "RTSP_SCENE": "still"})
        service = None
        try:
            port = server.stdout.readline().split()[1]
            extra = {key: json.loads(value) for key, _, value in (it.partition("=") for it in args.camera_key)}
            metrics = free_port()
            camera = {"Source": f"rtsp://127.0.0.1:{port}/stream", **extra,
                      "Questions": {"person": {"Ask": "Is there a person?", "Answer": "YesNo"}}}
            settings = {"Node": "idle", "Model": {"Path": os.path.abspath(args.model)},
                        "Mqtt": {"Broker": "embedded", "Port": 0}, "Metrics": {"Port": metrics},
                        "Cameras": {f"camera{n + 1}": camera for n in range(args.cameras)}}
            (folder / "appsettings.json").write_text(json.dumps({"MobileVlm": settings}))
            with open(args.log or os.devnull, "wb") as log:
                service = subprocess.Popen([args.program, "run", "--config", folder / "appsettings.json"],
                                           stdout=log, stderr=subprocess.STDOUT)
            started = time.monotonic()

            def at(minute):
                while (left := started + minute * 60 - time.monotonic()) > 0:
                    if service.poll() is not None:
                        sys.exit(f"the service ended with exit code {service.returncode}; --log FILE keeps what it says")
                    time.sleep(min(left, 1))
                return Snapshot(service.pid, metrics)

            first, last = at(args.begin), at(args.end)
        finally:
            for process in (service, server):
                if process is not None and process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)

    elapsed = last.at - first.at
    frames = last.frames - first.frames
    old = {thread: values for thread, values in first.threads.items()}
    by_name = collections.defaultdict(lambda: [0, 0.0])
    for thread, (name, switches, seconds) in last.threads.items():
        _, switches_before, seconds_before = old.get(thread, (name, 0, 0))
        by_name[name][0] += switches - switches_before
        by_name[name][1] += seconds - seconds_before
    print(f"{args.cameras} cameras {args.size} at {args.rate} per second, minutes {args.begin:g} to {args.end:g}, "
          f"{os.cpu_count()} processors")
    print(f"service   {(last.own - first.own) / elapsed:7.2%} of one core, {last.resident:.0f} MiB resident, "
          f"{sum(it[0] for it in by_name.values()) / elapsed:.0f} context switches per second")
    print(f"ffmpeg    {(last.ffmpeg - first.ffmpeg) / elapsed:7.2%} of one core")
    print(f"frames    {frames[CAPTURED]:.0f} captured, {frames[USED]:.0f} encoded and answered, "
          f"{frames[GATED]:.0f} with earlier answers reused")
    if args.threads:
        for name, (switches, seconds) in sorted(by_name.items(), key=lambda it: -it[1][1]):
            print(f"  {name:16s} {seconds / elapsed:7.3%} {switches / elapsed:7.1f} switches per second")


if __name__ == "__main__":
    main()
