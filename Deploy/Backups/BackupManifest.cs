using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>The file <c>manifest.json</c> of an archive: what is in it, from where, and how to tell that it is intact.</summary>
/// <param name="Format">Version of the layout.</param>
/// <param name="Program">Version of the program that wrote it.</param>
/// <param name="Node">The service's name in topics.</param>
/// <param name="Host">The machine.</param>
/// <param name="CreatedAt">When it was written.</param>
/// <param name="Parts">The parts that the backup covers. One that is covered and has no file did not exist.</param>
/// <param name="Files">Every file.</param>
internal sealed record BackupManifest(
    int Format, string Program, string Node, string Host, DateTimeOffset CreatedAt, IReadOnlyList<string> Parts, IReadOnlyList<BackupFile> Files)
{
    /// <summary>The version that this program writes, and the newest that it reads.</summary>
    public const int CurrentFormat = 1;

    public const string FileName = "manifest.json";
}

/// <summary>A file of an archive.</summary>
/// <param name="Path">In the archive: its part, then its path in that.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of its content, in hexadecimal digits.</param>
internal sealed record BackupFile(string Path, long Bytes, string Sha256);

[JsonSerializable(typeof(BackupManifest))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
internal sealed partial class BackupJson : JsonSerializerContext;
