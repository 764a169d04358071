using System.ComponentModel;
using System.Diagnostics;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Sources;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks whether the installed service, as its own user and within its unit's limits, can access what the
/// configuration names. Only for the configuration that the unit reads.</summary>
internal static class ServiceUserChecks
{
    private const string What = "service's user";
    private static readonly string[] Homes = ["/home/", "/root/", "/run/user/"];

    public static IEnumerable<Finding> Run(EdgeConfiguration configuration, ServiceUnit unit, string currentUser)
    {
        var problems = Problems(configuration, unit, currentUser).ToList();
        return problems.Count > 0
            ? problems
            : currentUser is "root" || currentUser == unit.User
                ? [Finding.Fine(What, $"'{unit.User}' can read the configuration, the model and the password files")]
                : [Finding.Note(What, $"what '{unit.User}' may read cannot be checked by '{currentUser}'", "Run doctor with sudo.")];
    }

    private static IEnumerable<Finding> Problems(EdgeConfiguration configuration, ServiceUnit unit, string currentUser)
    {
        if (Output("id", "-u", unit.User) is null)
        {
            yield return Finding.Bad(What, $"the user '{unit.User}', which the unit names, does not exist", "systemd-sysusers mobilevlm.conf");
            yield break;
        }

        foreach (var (key, path) in FilesToRead(configuration))
        {
            if (unit.HidesHomes && Homes.Any(home => path.StartsWith(home, StringComparison.Ordinal)))
            {
                yield return Finding.Bad(
                    What, $"{key} '{path}' is in a home folder, which the unit hides (ProtectHome=yes)",
                    $"Move it, for example to {unit.StateFolder ?? "/var/lib"}, and change {key}.");
            }
            else if (currentUser == "root" && Path.Exists(path) && !MayRead(unit.User, path))
            {
                yield return Finding.Bad(
                    What, $"{key} '{path}' cannot be read by '{unit.User}'", $"chown -R {unit.User}: '{path}', or chmod it and the folders above it.");
            }
        }

        if (unit.IsReadOnly && configuration.StateFolder is { } state && !unit.WritableFolders.Any(it => IsIn(state, it)))
        {
            yield return Finding.Bad(
                What, $"StateFolder '{state}' cannot be written inside the unit (ProtectSystem=strict)",
                $"Leave StateFolder out: the unit keeps the state in {unit.StateFolder ?? "no folder"}; or add ReadWritePaths={state} in a drop-in.");
        }

        foreach (var camera in configuration.ToCameraSettings())
        {
            if (unit.HidesDevices && CameraSources.RequirementOf(camera.Source) == SourceRequirement.Devices)
            {
                yield return Finding.Bad(
                    What, $"camera {camera.Id}: the unit hides devices (PrivateDevices=yes)",
                    "Install the drop-in v4l2.conf: see 'Devices' in the operations page.");
            }
        }
    }

    /// <summary>Files that the service reads, with the key that names each.</summary>
    private static IEnumerable<(string Key, string Path)> FilesToRead(EdgeConfiguration configuration)
    {
        if (configuration.File is { } file)
        {
            yield return ("the configuration", file);
        }

        if (configuration.HasModel)
        {
            yield return ("Model:Path", configuration.ModelPath);
            foreach (var part in ModelFiles(configuration.ModelPath))
            {
                yield return ("Model:Path", part.FullName);
            }
        }

        var options = configuration.Options;
        var http = configuration.ToHttpSettings();
        IEnumerable<(string Key, string? Path)> named =
        [
            ("Mqtt:PasswordFile", options.Mqtt.PasswordFile),
            ("Mqtt:CaFile", options.Mqtt.CaFile),

            // The service itself creates a missing token file.
            ("Http:TokenFile", http?.TokenFile),
            ("Http:CertificateFile", http?.CertificateFile),
            ("Http:KeyFile", http?.KeyFile),
            ("Cluster:CertificateFile", options.Cluster.CertificateFile),
            ("Cluster:KeyFile", options.Cluster.KeyFile),
            ("Cluster:AuthorityFile", options.Cluster.AuthorityFile),
            .. options.Cameras.Select(camera => ($"Cameras:{camera.Key}:PasswordFile", camera.Value.PasswordFile)),
            .. options.Webhooks.Select(webhook => ($"Webhooks:{webhook.Key}:SecretFile", webhook.Value.SecretFile)),
        ];

        // systemd itself reads credentials and passes them on.
        foreach (var (key, path) in named.Where(it => it.Path is not null && !SecretFile.IsCredential(it.Path)))
        {
            yield return (key, configuration.FullPath(path!));
        }
    }

    /// <summary>The files in a model's folder; empty if this user may not list them.</summary>
    internal static IReadOnlyList<FileInfo> ModelFiles(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).GetFiles();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Opening the model reports it.
            return [];
        }
    }

    private static bool IsIn(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    /// <summary>Lets the kernel decide, as that user, so that groups and access lists count. True where that is not
    /// possible.</summary>
    private static bool MayRead(string user, string path) =>
        Output("id", "-g", user) is not { } group
        || Output("setpriv", $"--reuid={user}", $"--regid={group}", "--init-groups", "sh", "-c", "test -r \"$1\" && echo yes || echo no", "sh", path) != "no";

    /// <returns>What a program printed; null when it failed or is not installed.</returns>
    private static string? Output(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var output = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
