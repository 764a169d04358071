namespace MobileVlm.Edge.Tests.Shared;

/// <summary>A test that mounts a <see cref="SmallDisk"/>. It is reported as skipped if file systems cannot be mounted.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly bool IsPossible = SmallDisk.CanMount();

    public SmallDiskFactAttribute() => Skip = IsPossible ? null : "Mounting a file system requires root.";
}
