namespace MobileVlm.Edge.Deploy.Init;

/// <summary>The password files beside a new configuration. Those of a configuration that is not written are deleted.</summary>
/// <param name="folder">The folder of the configuration.</param>
internal sealed class PasswordFiles(string folder)
{
    /// <summary>Full paths of the files that no written configuration names yet.</summary>
    private readonly List<string> _pending = [];

    /// <summary>Writes a password into a new file; an existing file is never overwritten.</summary>
    /// <returns>The name of the new file.</returns>
    public string Write(string owner, string password)
    {
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? $"{owner}-password" : $"{owner}-password-{number}";
            var file = Path.Combine(folder, name);
            if (!File.Exists(file))
            {
                InitFile.WriteSecret(file, password + "\n");
                _pending.Add(file);
                return name;
            }
        }
    }

    /// <summary>Keeps a file, because the written configuration names it.</summary>
    /// <returns>Its full path; null if it was not written here.</returns>
    public string? Keep(string name)
    {
        var file = Path.Combine(folder, name);
        return _pending.Remove(file) ? file : null;
    }

    /// <summary>Deletes the files that were not kept.</summary>
    public void DeleteOthers()
    {
        foreach (var file in _pending)
        {
            File.Delete(file);
        }

        _pending.Clear();
    }
}
