using System.IO.Compression;
using System.Security.Cryptography;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Page;

/// <summary>One file of the page.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its content type.</param>
/// <param name="Plain">Its bytes.</param>
/// <param name="Compressed">The same with gzip.</param>
/// <param name="Hash">Changes with the bytes.</param>
internal sealed record PageFile(string Name, string Type, ReadOnlyMemory<byte> Plain, ReadOnlyMemory<byte> Compressed, string Hash);

/// <summary>The files of the page, which are part of the program and are compressed once.</summary>
internal sealed class PageFiles
{
    /// <summary>The page itself.</summary>
    public const string Index = "index.html";

    /// <summary>Everything that the page may load, so that a file which nobody needs is noticed.</summary>
    private static readonly string[] Names =
    [
        Index, "page.css", "icon.svg", "main.js", "api.js", "dom.js", "store.js", "live.js", "camera.js", "chart.js", "question.js",
        "ask.js", "editor.js", "shapes.js", "events.js", "history.js", "labels.js", "device.js", "login.js",
        "scores.js", "threshold.js", "tryout.js", "whatif.js", "why.js",
    ];

    private static readonly Lazy<PageFiles> Embedded = new(() => new PageFiles(Names.ToDictionary(name => name, Load, StringComparer.Ordinal)));

    private readonly Dictionary<string, PageFile> _files;

    private PageFiles(Dictionary<string, PageFile> files) => _files = files;

    /// <summary>All files.</summary>
    public IReadOnlyCollection<PageFile> All => _files.Values;

    /// <summary>The files of this program; read and compressed at the first call.</summary>
    public static PageFiles Read() => Embedded.Value;

    /// <summary>The file of a name; null if there is none.</summary>
    public PageFile? Find(string name) => _files.GetValueOrDefault(name);

    private static PageFile Load(string name)
    {
        var bytes = EmbeddedFile.Read($"Page.Files.{name}");
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return new PageFile(name, TypeOf(name), bytes, compressed.ToArray(), Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "This kind of file has no content type here."),
    };
}
