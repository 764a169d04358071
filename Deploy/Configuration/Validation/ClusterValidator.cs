using System.Net;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between section <c>Cluster</c> and what a host of a cluster may leave out.</summary>
internal static class ClusterValidator
{
    private const string Cluster = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Cluster)}";

    /// <summary>The keys that are required only without a cluster.</summary>
    public static IReadOnlyList<string> RequiredWithoutCluster { get; } =
        [$"{EdgeOptions.Section}:{nameof(EdgeOptions.Model)}:{nameof(ModelOptions.Path)}"];

    /// <summary>Whether the section names hosts, before it is bound.</summary>
    public static bool IsOn(SettingNode root) => root
        .Find(EdgeOptions.Section)?.Find(nameof(EdgeOptions.Cluster))?.Find(nameof(ClusterOptions.Nodes)) is { Children.Count: > 0 };

    /// <summary>Whether the service belongs to a cluster.</summary>
    public static bool IsOn(EdgeOptions options) => options.Cluster.Nodes.Count > 0;

    /// <summary>Whether the service answers for other hosts only, and so needs neither cameras nor a broker.</summary>
    public static bool AnswersForOthers(EdgeOptions options) => IsOn(options) && options.Model.Path is not null && options.Cameras.Count == 0;

    /// <summary>Adds an error for each broken rule.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="folder">The folder in which relative paths start.</param>
    /// <param name="hostName">The machine's name, which stands for <c>Listen</c>.</param>
    /// <param name="purpose">Whether a file that this user may not read is an error.</param>
    /// <param name="problems">Receives problems and warnings.</param>
    public static void Validate(EdgeOptions options, string folder, string hostName, ConfigurationPurpose purpose, ProblemList problems)
    {
        if (!IsOn(options))
        {
            if (problems.IsWritten(Cluster) && !problems.HasWithin(Cluster))
            {
                problems.Add($"{Cluster}:{nameof(ClusterOptions.Nodes)}", null, "is missing; name the hosts that have a model, the same list on each host, or leave the section out");
            }

            return;
        }

        var isLenient = purpose != ConfigurationPurpose.Start;
        ValidateCertificates(options.Cluster, hostName, problems);
        ValidateFile(nameof(ClusterOptions.CertificateFile), options.Cluster.CertificateFile);
        ValidateFile(nameof(ClusterOptions.KeyFile), options.Cluster.KeyFile);
        ValidateFile(nameof(ClusterOptions.AuthorityFile), options.Cluster.AuthorityFile);
        foreach (var (name, camera) in options.Cameras.Where(camera => camera.Value.GateTokenCosine is not null))
        {
            problems.Add(
                $"{EdgeOptions.Section}:{nameof(EdgeOptions.Cameras)}:{name}:{nameof(CameraOptions.GateTokenCosine)}",
                ScalarText.Format(camera.GateTokenCosine!),
                "compares visual tokens, which other hosts of the cluster do not send; leave it out, GateThreshold compares pixels");
        }

        void ValidateFile(string name, string? file) => OptionsValidator.ValidateFile(file, $"{Cluster}:{name}", folder, isLenient, problems);
    }

    private static void ValidateCertificates(ClusterOptions cluster, string hostName, ProblemList problems)
    {
        (string Name, string? File)[] files =
        [
            (nameof(ClusterOptions.CertificateFile), cluster.CertificateFile),
            (nameof(ClusterOptions.KeyFile), cluster.KeyFile),
            (nameof(ClusterOptions.AuthorityFile), cluster.AuthorityFile),
        ];
        var missing = files.Where(file => file.File is null && !problems.Has($"{Cluster}:{file.Name}")).Select(file => file.Name).ToList();
        var listen = cluster.Listen ?? $"{hostName}:{ClusterOptions.DefaultPort}";
        var reachable = cluster.Nodes.Append(listen).FirstOrDefault(node => !IsLoopback(node));
        if (missing.Count == files.Length && reachable is null)
        {
            return;
        }

        var keys = $"{nameof(ClusterOptions.CertificateFile)}, {nameof(ClusterOptions.KeyFile)} and {nameof(ClusterOptions.AuthorityFile)}";
        foreach (var name in missing)
        {
            problems.Add(
                $"{Cluster}:{name}",
                null,
                missing.Count == files.Length
                    ? $"is missing: other machines can reach {reachable}, and pictures must not cross a network unprotected; set {keys}, or use loopback addresses (127.0.0.1) alone"
                    : $"is missing; set {keys} together, or none of them");
        }
    }

    private static bool IsLoopback(string node) =>
        HostAddressAttribute.TryParse(node, out var host, out _)
        && (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)));
}
