using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Metrics</c>.</summary>
internal sealed class MetricsOptions
{
    [Description("Port on the loopback address at which Prometheus reads `/metrics`. It cannot be reached from other machines and requires no password.")]
    [DefaultText("none: no port listens")]
    [NumberRange(1, 65535)]
    public int? Port { get; set; }
}
