namespace MobileVlm.Edge.Inference.Tests.Export;

/// <summary>A test that fills a disk. It is reported as skipped unless an environment variable names an empty folder on
/// a file system of 1 to 3 MiB, as <c>mount -t tmpfs -o size=2m tmpfs FOLDER</c> makes it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public const string Variable = "MOBILEVLM_SMALL_DISK";

    public SmallDiskFactAttribute()
    {
        if (!Directory.Exists(Folder))
        {
            Skip = $"{Variable} names no folder; making a small file system takes the rights of root.";
        }
    }

    public static string Folder => Environment.GetEnvironmentVariable(Variable) ?? "";
}
