"""An RTSP server on the loopback for tests: rtsp-test-server.py PORT [CLIP [SIZES]]

Serves a moving test pattern (320x240, 25 frames per second, H.264), or an H.264 clip in MP4, as /stream.
SIZES (480x360,640x480) encodes the clip again and changes the size of its frames each three seconds, within the
stream. With RTSP_SCENE=still nothing moves; with RTSP_SCENE=freezing each connection moves for three seconds and
then repeats one frame with advancing timestamps. With RTSP_LOGIN=USER:PASSWORD in the environment it requires this
login; with RTSP_ADDRESS=ADDRESS it listens there instead of on the loopback. PORT 0 uses a free port. Prints
"ready PORT" when it listens and ends when its standard input closes.
"""
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
sizes = [size.split("x") for size in sys.argv[3].split(",")] if len(sys.argv) > 3 else []
if len(sys.argv) > 2:
    # A location is quoted by GStreamer's own rules.
    location = sys.argv[2].replace("\\", "\\\\").replace('"', '\\"')
    launch = f'( filesrc location="{location}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )'
    if sizes:
        launch = (
            f'( filesrc location="{location}" ! decodebin ! videoscale ! capsfilter name=size'
            " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
            " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        )
else:
    pattern = "colors" if os.environ.get("RTSP_SCENE") == "still" else "ball"
    # With a fixed quantizer, equal frames stay equal after encoding without a wait for the rate control.
    rate = "pass=quant quantizer=28" if "RTSP_SCENE" in os.environ else ""
    launch = (
        f"( videotestsrc name=scene is-live=true pattern={pattern} ! video/x-raw,width=320,height=240,framerate=25/1"
        f" ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 {rate}"
        " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
    )

server = GstRtspServer.RTSPServer()
server.set_address(os.environ.get("RTSP_ADDRESS", "127.0.0.1"))
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(launch)
factory.set_shared("RTSP_SCENE" not in os.environ)


def change_size(caps, at=0):
    width, height = sizes[at % len(sizes)]
    caps.set_property("caps", Gst.Caps.from_string(f"video/x-raw,width={width},height={height}"))
    GLib.timeout_add(3000, change_size, caps, at + 1)
    return GLib.SOURCE_REMOVE


def freeze(scene):
    scene.set_property("pattern", "circular")
    return GLib.SOURCE_REMOVE


if os.environ.get("RTSP_SCENE") == "freezing":
    factory.connect(
        "media-configure",
        lambda _, media: GLib.timeout_add(3500, freeze, media.get_element().get_by_name("scene")),
    )
if sizes:
    factory.connect("media-configure", lambda _, media: change_size(media.get_element().get_by_name("size")))
if "RTSP_LOGIN" in os.environ:
    user, _, password = os.environ["RTSP_LOGIN"].partition(":")
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/stream", factory)
if server.attach(None) == 0:
    sys.exit(f"cannot listen on port {sys.argv[1]}")

loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_HUP, lambda *_: loop.quit())
print("ready", server.get_bound_port(), flush=True)
loop.run()
