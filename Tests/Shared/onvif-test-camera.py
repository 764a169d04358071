"""An ONVIF camera for tests: onvif-test-camera.py [--address A] [--port P] [--rtsp-port R] [--discover ADDRESS[:PORT]] [--name N]

Answers like ipycam 1.3.0, whose exchange with a client was recorded: profiles Profile_Main (H264, 640x480) and Profile_Sub
(H264, 320x240), user admin with password secret1. With --discover it also answers WS-Discovery probes on that interface.

The first part of a path lists the camera's deviations, separated by commas: /offset,nat/onvif/device_service. GET /log returns
the requests as JSON. Prints "ready PORT" when it listens, and ends when its standard input closes (not with --forever).
"""
import argparse
import base64
import datetime
import hashlib
import http.server
import json
import os
import re
import socket
import sys
import threading
import urllib.parse

USER, PASSWORD = "admin", "secret1"
NAMESPACES = (
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:ter="http://www.onvif.org/ver10/error"'
)
LOG = []

# A red image of 16x16 pixels, written by ffmpeg.
SNAPSHOT = base64.b64decode(
    "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgoKC8oLzc3Nzc3N0E8QUNDQ0FBQUFDQ0NISEhVVVVISEhDQ0hIUFBVVVxfXFdX"
    "VVdfX2RkZHh4c3OMjJGsrM//xABMAAEBAAAAAAAAAAAAAAAAAAAABgEBAQAAAAAAAAAAAAAAAAAABgcQAQAAAAAAAAAAAAAAAAAAAAARAQAAAAAAAAAAAAAA"
    "AAAAAAD/wAARCAAQABADASIAAhEAAxEA/9oADAMBAAIRAxEAPwCLAFF/f//Z"
)


def utc():
    return datetime.datetime.now(datetime.timezone.utc)


def profile(token, encoding, width, height, rate, source="VS_1"):
    encoder = (
        f"<tt:VideoEncoderConfiguration token='VEC'><tt:Name>x</tt:Name><tt:Encoding>{encoding}</tt:Encoding><tt:Resolution>"
        f"<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>5</tt:Quality><tt:RateControl>"
        f"<tt:FrameRateLimit>{rate}</tt:FrameRateLimit></tt:RateControl></tt:VideoEncoderConfiguration>"
        if encoding
        else ""
    )
    return (
        f"<trt:Profiles token={json.dumps(token, ensure_ascii=False)} fixed='true'><tt:Name>{token}</tt:Name><tt:VideoSourceConfiguration token='VSC'>"
        f"<tt:SourceToken>{source}</tt:SourceToken></tt:VideoSourceConfiguration>{encoder}</trt:Profiles>"
    )


def profile2(token, encoding, width, height, rate):
    return (
        f"<tr2:Profiles token='{token}'><tr2:Name>{token}</tr2:Name><tr2:Configurations><tr2:VideoSource><tt:SourceToken>VS_1"
        f"</tt:SourceToken></tr2:VideoSource><tr2:VideoEncoder token='V'><tt:Encoding>{encoding}</tt:Encoding><tt:Resolution>"
        f"<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>{rate}.5"
        "</tt:FrameRateLimit></tt:RateControl></tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>"
    )


class Camera(http.server.BaseHTTPRequestHandler):
    server_version = "TestCamera/1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/snapshot.jpg":
            return self.answer(SNAPSHOT, content="image/jpeg")
        if self.path != "/log":
            return self.answer("<html><head><title>Camera</title></head></html>", content="text/html")
        self.answer(json.dumps(LOG), content="application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        deviations = self.path.split("/")[1]
        self.deviations = set(deviations.split(",")) if deviations != "onvif" else set()
        self.prefix = f"/{deviations}" if self.deviations else ""
        call = re.search(r"<(?:\w+:)?Body[^>]*><(?:\w+:)?(\w+)", body).group(1)
        authorization = self.headers.get("Authorization", "")
        LOG.append({
            "path": self.path, "call": call, "http": authorization.split(" ")[0], "token": "UsernameToken" in body,
            "plain": PASSWORD in body or PASSWORD in authorization,
            "profile": (re.search(r"ProfileToken>([^<]*)<", body) or [None, None])[1],
        })
        if "closed" in self.deviations:
            self.close_connection = True
            return self.connection.close()
        if "html" in self.deviations:
            return self.answer("<html><head><title>Log in</title></head></html>", content="text/html")
        if "notfound" in self.deviations:
            return self.answer("not here", status=404, content="text/plain")
        if "redirect" in self.deviations:
            return self.answer("", status=302, headers={"Location": f"https://{self.host()}/onvif/device_service"})
        if "huge" in self.deviations:
            return self.answer("<x>" + "a" * 3_000_000 + "</x>")
        if call == "GetSystemDateAndTime":
            return self.clock()
        if not self.allowed(body):
            return self.refuse()
        if call not in ANSWERS:
            return self.fault("ter:ActionNotSupported", "Optional Action Not Implemented")
        ANSWERS[call](self, body)

    def clock(self):
        now = utc()
        if "noclock" in self.deviations:
            return self.fault("ter:ActionNotSupported", "no clock")
        if "clocklogin" in self.deviations:
            return self.refuse()
        if self.deviations & {"offset", "localtime"}:
            now += datetime.timedelta(hours=2)
        year = 0 if "badclock" in self.deviations else now.year
        self.envelope(
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:UTCDateTime><tt:Time>"
            f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second></tt:Time><tt:Date>"
            f"<tt:Year>{year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime>"
            "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>")

    def allowed(self, body):
        if "anonymous" in self.deviations or "emptyservices" in self.deviations:
            return True
        if "httpdigest" in self.deviations:
            return self.http_digest()
        if "basic" in self.deviations:
            return False
        find = lambda name: (re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>([^<]*)<", body) or [None, None])[1]
        user, digest, nonce, created = find("Username"), find("Password"), find("Nonce"), find("Created")
        if None in (user, digest, nonce, created):
            return False
        expected = base64.b64encode(hashlib.sha1(base64.b64decode(nonce) + created.encode() + PASSWORD.encode()).digest()).decode()
        now = utc() + datetime.timedelta(hours=2 if "offset" in self.deviations else 0)
        age = abs((now - datetime.datetime.fromisoformat(created.replace("Z", "+00:00"))).total_seconds())
        return user == USER and digest == expected and age < 60

    def http_digest(self):
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', self.headers.get("Authorization", "")))
        if not given:
            return False
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        first, second = md5(f"{USER}:camera:{PASSWORD}"), md5(f"POST:{given.get('uri')}")
        return given.get("response") == md5(f"{first}:{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}:{second}")

    def refuse(self):
        if "httpdigest" in self.deviations:
            nonce = os.urandom(8).hex()
            return self.answer("", status=401, headers={"WWW-Authenticate": f'Digest realm="camera", qop="auth", nonce="{nonce}"'})
        if "basic" in self.deviations:
            return self.answer("", status=401, headers={"WWW-Authenticate": 'Basic realm="camera"'})
        status = 400 if "refuse400" in self.deviations else 401 if "refuse401" in self.deviations else 500
        if "refusetext" in self.deviations:
            return self.fault("ter:Whatever", "Sender not Authorized", status)
        self.fault("ter:NotAuthorized", "The action requested requires authorization", status)

    def host(self):
        return self.headers["Host"]

    def address(self, path):
        host = self.host()
        if "nat" in self.deviations:
            host = "192.0.2.1:81"
        if "otherport" in self.deviations:
            host = f"{host.split(':')[0]}:9"
        return f"http://{host}{self.prefix}{path}"

    def services(self, _):
        if "noservices" in self.deviations:
            return self.fault("ter:ActionNotSupported", "Optional Action Not Implemented")
        services = {"http://www.onvif.org/ver10/device/wsdl": "/onvif/device_service"}
        if "media2only" not in self.deviations:
            services["http://www.onvif.org/ver10/media/wsdl"] = "/onvif/media_service"
        if self.deviations & {"media2only", "h265"}:
            services["http://www.onvif.org/ver20/media/wsdl"] = "/onvif/media2_service"
        if "emptyservices" in self.deviations:
            services = {}
        self.envelope("<tds:GetServicesResponse>" + "".join(
            f"<tds:Service><tds:Namespace>{name}</tds:Namespace><tds:XAddr> {self.address(path)} </tds:XAddr></tds:Service>"
            for name, path in services.items()) + "</tds:GetServicesResponse>")

    def capabilities(self, _):
        media = "" if "emptyservices" in self.deviations else f"<tt:Media><tt:XAddr>{self.address('/onvif/media_service')}</tt:XAddr></tt:Media>"
        self.envelope(
            f"<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>{self.address('/onvif/device_service')}</tt:XAddr>"
            f"</tt:Device>{media}</tds:Capabilities></tds:GetCapabilitiesResponse>")

    def profiles(self, body):
        if "ver20/media" in body:
            return self.envelope(
                "<tr2:GetProfilesResponse>" + profile2("Main265", "H265", 1920, 1080, 12) + profile2("Sub265", "H265", 640, 360, 12)
                + "</tr2:GetProfilesResponse>")
        profiles = profile("Profile_Main", "H264", 640, 480, 10) + profile("Profile_Sub", "H264", 320, 240, 5)
        if "h265" in self.deviations:
            profiles = profile("Main265", None, 0, 0, 0) + profile("Sub265", None, 0, 0, 0)
        if "blanktoken" in self.deviations:
            profiles = profile("Profil für Tür & Tor", "H264", 640, 480, 10).replace(" & ", " &amp; ")
        if "noencoder" in self.deviations:
            profiles = profile("Audio", None, 0, 0, 0) + profiles
        if "onlyaudio" in self.deviations:
            profiles = profile("Audio", None, 0, 0, 0)
        if "nvr" in self.deviations:
            profiles += profile("Second_Main", "H264", 1280, 720, 10, "VS_2") + profile("Second_Sub", "JPEG", 640, 360, 5, "VS_2")
        self.envelope(f"<trt:GetProfilesResponse>{profiles}</trt:GetProfilesResponse>")

    def stream(self, body):
        if "nostream" in self.deviations:
            return self.fault("ter:IncompleteConfiguration", "The specified media profile does not contain a video encoder")
        token = re.search(r"ProfileToken>([^<]*)<", body).group(1)
        host = self.host().split(":")[0]
        host = "0.0.0.0" if "zero" in self.deviations else "192.0.2.1" if "nat" in self.deviations else host
        port = "" if "noport" in self.deviations else f":{options.rtsp_port}"
        path = "/stream"
        if "query" in self.deviations:
            path = "/stream?channel=1&amp;subtype=0 main"
        user = "x:y@" if "userinuri" in self.deviations else ""
        uri = "file:///etc/passwd" if "fileuri" in self.deviations else f"rtsp://{user}{host}{port}{path}"
        if "ver20/media" in body:
            return self.envelope(f"<tr2:GetStreamUriResponse><tr2:Uri>{uri}</tr2:Uri></tr2:GetStreamUriResponse>")
        self.envelope(f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>\n  {uri}\n</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>")

    def snapshot(self, _):
        if "nosnapshot" in self.deviations:
            return self.fault("ter:ActionNotSupported", "none")
        self.envelope(
            f"<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://{self.host()}/snapshot.jpg</tt:Uri></trt:MediaUri>"
            "</trt:GetSnapshotUriResponse>")

    def envelope(self, body, status=200):
        if "soap11" in self.deviations:
            # Other prefixes, a default namespace, the older envelope.
            body = body.replace("tds:", "ns7:").replace("trt:", "").replace("tt:", "a-b.c:")
            text = (
                '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns7="http://www.onvif.org/ver10/device/wsdl"'
                ' xmlns="http://www.onvif.org/ver10/media/wsdl" xmlns:a-b.c="http://www.onvif.org/ver10/schema"'
                f' xmlns:ter="http://www.onvif.org/ver10/error"><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>')
            return self.answer(text, status, "text/xml")
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" {NAMESPACES}>'
            f"<s:Body>{body}</s:Body></s:Envelope>\n")
        if "dtd" in self.deviations:
            # The document is valid except for its document type, so that only a check of document types refuses it.
            text = text.replace("?>\n", '?>\n<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>', 1)
        if "blanklines" in self.deviations:
            text = "\r\n\r\n" + text + "\0\0<!-- end -->garbage"
        self.answer(text, status)

    def fault(self, code, reason, status=500):
        self.envelope(
            f"<s:Fault xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}"
            f"</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>{reason}</s:Text></s:Reason></s:Fault>", status)

    def answer(self, text, status=200, content="application/soap+xml; charset=utf-8", headers=None):
        data = text if isinstance(text, bytes) else text.encode()
        chunked = "chunked" in getattr(self, "deviations", ())
        if chunked:
            self.protocol_version = "HTTP/1.1"
            self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", content)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            for at in range(0, len(data), 100):
                part = data[at:at + 100]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)


ANSWERS = {
    "GetServices": Camera.services, "GetCapabilities": Camera.capabilities, "GetProfiles": Camera.profiles,
    "GetStreamUri": Camera.stream, "GetSnapshotUri": Camera.snapshot,
}


def join(address, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", port))
    listener.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + socket.inet_aton(address))
    return listener


def discover(listener, address, port, name):
    """Answers probes like the recorded camera: one ProbeMatch without the element around it."""
    while True:
        probe, sender = listener.recvfrom(65536)
        types = re.search(rb"Types[^>]*>([^<]*)<", probe)
        if types is None or b"NetworkVideoTransmitter" not in types.group(1):
            continue
        related = re.search(rb"MessageID[^>]*>([^<]*)<", probe).group(1).decode()
        match = f"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><soap:Header>
<wsa:RelatesTo>{related}</wsa:RelatesTo></soap:Header><soap:Body><d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>
<d:Scopes>onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/name/{urllib.parse.quote(name)}</d:Scopes>
<d:XAddrs>http://169.254.3.4/onvif/device_service http://{address}:{port}/onvif/device_service</d:XAddrs>
<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></soap:Body></soap:Envelope>"""
        listener.sendto(match.encode(), sender)


parser = argparse.ArgumentParser()
parser.add_argument("--address", default="127.0.0.1")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--rtsp-port", type=int, default=554)
parser.add_argument("--discover")
parser.add_argument("--name", default="Yard")
parser.add_argument("--forever", action="store_true")
options = parser.parse_args()
server = http.server.ThreadingHTTPServer((options.address, options.port), Camera)
threading.Thread(target=server.serve_forever, daemon=True).start()
if options.discover:
    where, _, group_port = options.discover.partition(":")
    joined = join(where, int(group_port or 3702))
    threading.Thread(target=discover, args=(joined, where, server.server_port, options.name), daemon=True).start()
print("ready", server.server_port, flush=True)
threading.Event().wait() if options.forever else sys.stdin.read()
