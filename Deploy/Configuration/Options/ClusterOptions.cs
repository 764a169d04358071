using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Cluster</c>.</summary>
internal sealed class ClusterOptions
{
    public const int DefaultPort = 7071;

    [Description("Name or address and port at which the other hosts reach this one. It names this host in `stats` and in answers. Each host needs a fixed one.")]
    [DefaultText("the machine's host name and port 7071")]
    [HostAddress]
    public string? Listen { get; set; }

    [Description("The hosts at which a starting host asks for the cluster: those with a model, the same list in the same order on each host. The cluster is on where this is set.")]
    [DefaultText("none: no cluster, no port")]
    [HostAddress]
    public List<string> Nodes { get; set; } = [];

    [Description("PEM file with the certificate of this host, issued by `AuthorityFile`. Required unless all addresses are loopback addresses. `credential:NAME` is a credential that systemd passes to the service.")]
    [DefaultText("none: connections are not encrypted, which only loopback addresses may use")]
    [TextLength(4096)]
    public string? CertificateFile { get; set; }

    [Description("PEM file with the private key of `CertificateFile`.")]
    [TextLength(4096)]
    public string? KeyFile { get; set; }

    [Description("PEM file with the certificate of the authority that issued the certificates of all hosts. Hosts without one of its certificates are refused.")]
    [TextLength(4096)]
    public string? AuthorityFile { get; set; }

    [Description("A frame that another host has not answered by then is given up, and its questions are asked about the next frame.")]
    [TimeRange("00:00:01", "00:10:00")]
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(30);
}
