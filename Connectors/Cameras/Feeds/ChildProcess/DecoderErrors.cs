namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Explains messages of decoders: what they mean and what can be done.</summary>
internal static class DecoderErrors
{
    private static readonly (string Text, string Meaning)[] Known =
    [
        ("moov atom not found",
            "the file has no index: it is still being written, or its end is missing. Wait until it is complete, or record as MPEG-TS, "
            + "Matroska or fragmented MP4, which can be played while they grow"),
        ("matches no streams", "there is sound or data but no video"),
        ("does not contain any stream", "there is sound or data but no video"),
        ("401 Unauthorized", "the camera asks for a user and password, or does not accept those in Source"),
        ("403 Forbidden", "the camera's user may not see this stream"),
        ("404 Not Found", "the camera has no stream at this path; look its address up in the camera's manual or with ONVIF"),
        ("not on whitelist", "what the address points to would open another kind of address or a local file, which is refused"),
        ("Circular buffer overrun", "packets came faster than they could be decoded; set MaxWidth or a smaller stream"),
        ("is above 8192", "the picture is too large; set MaxWidth, which scales it down first"),
    ];

    /// <param name="message">Messages of the decoder, with or without passwords.</param>
    public static string Explain(string message)
    {
        var meaning = Known.FirstOrDefault(known => message.Contains(known.Text, StringComparison.OrdinalIgnoreCase)).Meaning;
        return meaning is null ? message : $"{message} ({meaning})";
    }
}
