using System.Globalization;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>Numbers of bytes as people read them.</summary>
internal static class SizeText
{
    private const double Unit = 1000;

    /// <summary>Writes a number of bytes: <c>812 bytes</c>, <c>1.2 MB</c>.</summary>
    public static string Of(long bytes) => bytes < Unit
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} {(bytes == 1 ? "byte" : "bytes")}")
        : bytes < Unit * Unit ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Unit:0.#} kB")
        : bytes < Unit * Unit * Unit ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Unit / Unit:0.#} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / Unit / Unit / Unit:0.##} GB");
}
