namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Files that are part of the program.</summary>
internal static class EmbeddedFile
{
    /// <summary>Reads a file of this folder.</summary>
    /// <param name="name">Folder and name, with points: <c>Page.index.html</c>.</param>
    public static byte[] Read(string name)
    {
        var assembly = typeof(EmbeddedFile).Assembly;
        using var stream = assembly.GetManifestResourceStream($"MobileVlm.Edge.Connectors.Http.{name}")
            ?? throw new InvalidOperationException($"The file '{name}' is not part of the program.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
