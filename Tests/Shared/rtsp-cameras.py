"""RTSP cameras of many kinds on the loopback for tests: rtsp-cameras.py PORT

Each client has its own camera, 640x360, 10 frames per second, a white ball on black. N is the key frame interval
in seconds, 1, 2, 4, 8, 15 or 30:
  /h264/N /h265/N     a key frame at connect, then each N s
  /h264-late/N        no key frame in the first second of a connection; parameter sets in the description
  /h264-nosps/N       the same, and the parameter sets come with the key frame only
  /h265-late/N        as /h264-late
  /h265-10/N          10 bit
  /mjpeg/1 /vp8/N /bframes/N /audiofirst/N
  /slow/N             a frame each N s, each a key frame
With RTSP_LOGIN=USER:PASSWORD in the environment it requires this login (RTSP_DIGEST=1: digest authentication). PORT 0 uses a free
port. Prints "ready PORT" when it listens and ends when its standard input closes.
"""
import os
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=10/1,format="
X264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={frames} option-string=scenecut=0"
X265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={frames}"
PAY264 = "rtph264pay name=pay0 pt=96 config-interval=1"
PAY265 = "rtph265pay name=pay0 pt=96 config-interval=1"
CAMERAS = {
    "h264": f"{SOURCE}I420 ! {X264} ! {PAY264}",
    "h265": f"{SOURCE}I420 ! {X265} ! h265parse ! {PAY265}",
    "h264-late": f"{SOURCE}I420 ! {X264} ! h264parse name=late ! video/x-h264,stream-format=avc ! {PAY264}",
    "h264-nosps": f"{SOURCE}I420 ! {X264} name=late ! rtph264pay name=pay0 pt=96 config-interval=0",
    "h265-late": f"{SOURCE}I420 ! {X265} ! h265parse name=late ! video/x-h265,stream-format=hvc1 ! {PAY265}",
    "slow": "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,format=I420,"
    + "framerate=1/{interval} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1 ! " + PAY264,
    "h265-10": f"{SOURCE}I420_10LE ! {X265} ! h265parse ! {PAY265}",
    "mjpeg": f"{SOURCE}I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26",
    "vp8": f"{SOURCE}I420 ! vp8enc deadline=1 keyframe-max-dist={{frames}} ! rtpvp8pay name=pay0 pt=96",
    "bframes": f"{SOURCE}I420 ! x264enc speed-preset=veryfast bframes=3 key-int-max={{frames}} ! {PAY264}",
    "audiofirst": "audiotestsrc is-live=true ! audioconvert ! alawenc ! rtppcmapay name=pay0 "
    + f"{SOURCE}I420 ! {X264} ! rtph264pay name=pay1 pt=96 config-interval=1",
}


def hold_back_key_frames(_, media):
    element = media.get_element().get_by_name("late")
    if element is None:
        return
    configured = time.monotonic()

    def probe(_, info):
        key = not info.get_buffer().get_flags() & Gst.BufferFlags.DELTA_UNIT
        early = time.monotonic() - configured < 1
        return Gst.PadProbeReturn.DROP if key and early else Gst.PadProbeReturn.OK

    element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, probe)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
permissions = None
if "RTSP_LOGIN" in os.environ:
    user, _, password = os.environ["RTSP_LOGIN"].partition(":")
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    if "RTSP_DIGEST" in os.environ:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
factories = []
for kind, launch in CAMERAS.items():
    for interval in (1, 2, 4, 8, 15, 30):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + launch.format(frames=interval * 10, interval=interval) + " )")
        factory.set_shared(False)
        factory.connect("media-configure", hold_back_key_frames)
        if permissions is not None:
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(f"/{kind}/{interval}", factory)
        factories.append(factory)
if server.attach(None) == 0:
    sys.exit(f"cannot listen on port {sys.argv[1]}")

loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_HUP, lambda *_: loop.quit())
print("ready", server.get_bound_port(), flush=True)
loop.run()
