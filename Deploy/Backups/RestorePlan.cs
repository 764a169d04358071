using System.Globalization;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>What a restore does with one part.</summary>
/// <param name="Part">The part.</param>
/// <param name="Backup">Its files in the archive; empty when it did not exist.</param>
/// <param name="Present">The number of its files on this machine.</param>
internal sealed record RestoreStep(BackupPart Part, IReadOnlyList<BackupFile> Backup, int Present)
{
    /// <summary>Whether anything changes.</summary>
    public bool Changes => Backup.Count > 0 || Present > 0;

    public override string ToString()
    {
        var bytes = Backup.Sum(file => file.Bytes);
        var what = Part.FileName is null
            ? string.Create(CultureInfo.InvariantCulture, $"{Files(Backup.Count)}, {SizeText.Of(bytes)}")
            : SizeText.Of(bytes);
        return $"{Part.Contents}: " + (Backup.Count, Present) switch
        {
            (0, 0) => "none, before and after",
            (0, _) => $"none in the backup; {Now(Present)} set aside",
            (_, 0) => $"{what} restored",
            _ => $"{what} restored; {Now(Present)} set aside",
        };
    }

    private static string Now(int count) => count == 1 ? "the present file is" : $"the present {Files(count)} are";

    private static string Files(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "file" : "files")}");
}

/// <summary>What a restore does.</summary>
/// <param name="Steps">The parts that are replaced.</param>
/// <param name="Left">The parts of the archive that are not restored, with the reason.</param>
internal sealed record RestorePlan(IReadOnlyList<RestoreStep> Steps, IReadOnlyList<string> Left)
{
    /// <param name="archive">Checked.</param>
    /// <param name="parts">Where the parts are on this machine.</param>
    /// <param name="withHistory">Whether the history is restored too.</param>
    public static RestorePlan Of(BackupArchive archive, IReadOnlyList<BackupPart> parts, bool withHistory)
    {
        var steps = new List<RestoreStep>();
        var left = new List<string>();
        foreach (var part in parts.Where(part => archive.Manifest.Parts.Contains(part.Name)))
        {
            if (part.IsHistory && !withHistory)
            {
                left.Add($"{part.Contents}: left out; --history restores it too");
            }
            else if (part.Location is null)
            {
                left.Add($"{part.Contents}: left out, because the configuration keeps {(part.IsHistory ? "no history (History:Folder)" : "none in the state folder")}");
            }
            else
            {
                steps.Add(new RestoreStep(part, [.. archive.FilesOf(part)], part.Files().Count()));
            }
        }

        return new RestorePlan(steps, left);
    }

    /// <summary>Bytes that are written.</summary>
    public long Bytes => Steps.Sum(step => step.Backup.Sum(file => file.Bytes));
}
