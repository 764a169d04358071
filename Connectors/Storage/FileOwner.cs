using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>The user and the group that a file or folder belongs to.</summary>
/// <param name="User">Number of the user; 0 is root.</param>
/// <param name="Group">Number of the group.</param>
public readonly partial record struct FileOwner(uint User, uint Group)
{
    /// <summary>Whether this process may give files away.</summary>
    public static bool MayGive => Environment.IsPrivilegedProcess;

    /// <summary>Follows symbolic links.</summary>
    /// <returns>Null when nothing is there, or it cannot be examined.</returns>
    public static FileOwner? Of(string path) => FileIdentity.Of(path)?.Owner;

    /// <summary>Makes a file or folder belong to them. Does not follow a link.</summary>
    /// <exception cref="IOException">This process may not.</exception>
    public void Give(string path)
    {
        if (Change(path, User, Group) != 0)
        {
            throw new IOException($"The owner of '{path}' cannot be changed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Change(string path, uint user, uint group);
}
