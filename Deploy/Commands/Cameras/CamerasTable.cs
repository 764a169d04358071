using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Deploy.Commands.Cameras;

/// <summary>Formats cameras as a table of plain lines, which can be piped and pasted.</summary>
internal static class CamerasTable
{
    private static readonly string[] Head = ["Name", "Source", "Profile", "Encoding", "Size", "Per second"];

    /// <summary>Returns a line for each profile; a star marks the one that is used without <c>profile=</c>.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<OnvifCamera> cameras)
    {
        var rows = new List<string[]> { Head };
        foreach (var camera in cameras)
        {
            var used = camera.Profiles.Any(it => it.HasVideo)
                ? OnvifProfileChoice.Choose(camera.Profiles, OnvifProfileChoice.EncoderHeight)
                : null;
            var profiles = camera.Profiles.Select(it => (string[])
            [
                it == used ? $"* {it.Token}" : $"  {it.Token}",
                it.Encoding ?? "-",
                it is { Width: { } width, Height: { } height } ? string.Create(CultureInfo.InvariantCulture, $"{width}x{height}") : "-",
                it.FrameRate?.ToString(CultureInfo.InvariantCulture) ?? "-",
            ]).DefaultIfEmpty([camera.Error is null ? "  none" : "  not asked", "-", "-", "-"]);
            rows.AddRange(profiles.Select((profile, i) => (string[])[i == 0 ? camera.Name : "", i == 0 ? camera.Address : "", .. profile]));
        }

        var widths = Head.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        return rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
