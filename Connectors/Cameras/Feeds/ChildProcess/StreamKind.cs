namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Kinds of network stream that ffmpeg opens by itself.</summary>
internal enum StreamKind
{
    Rtsp,

    /// <summary>A stream of an RTMP server.</summary>
    Rtmp,

    /// <summary>MPEG-TS in UDP packets, to this machine or to a multicast group.</summary>
    Udp,
}
