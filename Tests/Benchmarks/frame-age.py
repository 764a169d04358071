"""How old pictures are when ffmpeg hands them over: frame-age.py SECONDS

Compares command lines on the same RTSP server at the same time: the one with '-fflags nobuffer' and the present one, with the
address as argument and as a list. A clock is drawn as 40 black and white blocks into each picture before it is encoded; the age is
the time now minus what the decoded picture shows. Needs what Tests/run.sh installs; run it with /usr/bin/python3.
"""
import statistics
import subprocess
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
WIDTH, HEIGHT, RATE, BITS = 640, 360, 20, 40
MASK = (1 << BITS) - 1
ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=40 bitrate=4000"
    " ! rtph264pay name=pay0 pt=96 config-interval=1",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=40 bitrate=4000 ! h265parse"
    " ! rtph265pay name=pay0 pt=96 config-interval=1",
}
CAPS = f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={RATE}/1"
SELECT = "select='st(4,ld(3));st(3,gt(ld(3)+key+eq(pict_type,I),0));if(ld(4),1,print(2*n+2+ld(3)))'"
PICTURES = ["-f", "image2pipe", "-c:v", "ppm"]
PACKETS = ["-map", "0:v:0", "-c", "copy", "-copyinkf", "-frames:v", "1000", "-f", "framecrc", "-flush_packets", "1", "pipe:2"]
NOW = ["-v", "level+info", "-nostats", "-flags", "low_delay", "-probesize", "32", "-analyzeduration", "0"]
OUT = ["-map", "0:v:0", "-an", "-vsync", "passthrough", "-vf", SELECT, *PICTURES, "-pix_fmt", "rgb24", "pipe:1", *PACKETS]
sources = []


def feed():
    background = bytearray(40 + (x * 7 + y * 3) % 97 for y in range(HEIGHT) for x in range(WIDTH))
    background += bytes([128]) * (WIDTH * HEIGHT // 2)
    due, number = time.time(), 0
    while True:
        due, number = due + 1 / RATE, number + 1
        time.sleep(max(0, due - time.time()))
        clock = int(time.time() * 1000) & MASK
        row = bytes(235 if clock >> (x * BITS // WIDTH) & 1 else 16 for x in range(WIDTH))
        picture = bytearray(background)
        picture[: 16 * WIDTH] = row * 16
        top = 100 + number * 5 % 200
        for y in range(top, top + 30):
            picture[y * WIDTH + 100 : y * WIDTH + 160] = bytes([200]) * 60
        for source in list(sources):
            if source.emit("push-buffer", Gst.Buffer.new_wrapped(bytes(picture))) != Gst.FlowReturn.OK:
                sources.remove(source)


def watch(arguments, seconds, ages, text=""):
    """The time to the first picture, then the age of each after the first third, in ms."""
    ffmpeg = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-hide_banner", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    ffmpeg.stdin.write(text.encode())
    ffmpeg.stdin.close()
    begun, first = time.time(), None
    while time.time() - begun < seconds and ffmpeg.stdout.readline():
        width, height = map(int, ffmpeg.stdout.readline().split())
        ffmpeg.stdout.readline()
        pixels = ffmpeg.stdout.read(width * height * 3)
        now = time.time()
        if len(pixels) < width * height * 3:
            break
        first = first or now - begun
        shown = sum(
            1 << bit for bit in range(BITS) if pixels[(8 * width + int((bit + 0.5) * width / BITS)) * 3] > 128)
        if now - begun > seconds / 3:
            ages.append((int(now * 1000) & MASK) - shown)
    ffmpeg.kill()
    ffmpeg.wait()
    ages.insert(0, first)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
factories = []
for name, encoder in ENCODERS.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( appsrc name=clock is-live=true do-timestamp=true format=time caps={CAPS} ! {encoder} )")
    factory.set_shared(False)
    factory.connect("media-configure", lambda _, media: sources.append(media.get_element().get_by_name("clock")))
    server.get_mount_points().add_factory("/" + name, factory)
    factories.append(factory)
server.attach(None)
threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
threading.Thread(target=feed, daemon=True).start()
seconds = float(sys.argv[1])
for name in ENCODERS:
    for transport in ("tcp", "udp"):
        url = f"rtsp://127.0.0.1:{server.get_bound_port()}/{name}"
        listed = f"ffconcat version 1.0\nfile '{url}?{transport}'\noption probesize 32\noption analyzeduration 0\n"
        lines = {
            "with nobuffer": (["-v", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-rtsp_transport", transport,
                               "-probesize", "200000", "-analyzeduration", "500000", "-i", url, "-an",
                               "-vsync", "passthrough", *PICTURES, "pipe:1"], ""),
            "now": ([*NOW, "-rtsp_transport", transport, "-i", url, *OUT], ""),
            "now, as a list": ([*NOW, "-protocol_whitelist", "pipe,rtsp,rtp,udp,tcp", "-f", "concat", "-safe", "0",
                                "-i", "pipe:0", *OUT], listed),
        }
        results = {line: [] for line in lines}
        threads = [
            threading.Thread(target=watch, args=(arguments, seconds, results[line], text))
            for line, (arguments, text) in lines.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for line, (first, *ages) in results.items():
            ages = sorted(ages) or [float("nan")]
            print(f"{name} {transport} {line:15s} first {first or float('nan'):5.2f} s, {len(ages)} pictures, "
                  f"age median {statistics.median(ages):.0f} ms, p95 {ages[int(len(ages) * 0.95) - 1]:.0f} ms", flush=True)
