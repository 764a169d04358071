namespace MobileVlm.Edge.Inference.Tests.Decoding;

/// <summary>A test of what only Linux does; reported as skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
        {
            Skip = "This memory is measured from /proc, which only Linux has.";
        }
    }
}
