using System.Globalization;
using System.Net;
using Akka.Configuration;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>Akka's configuration of the cluster's actor system.</summary>
internal static class ClusterConfiguration
{
    /// <summary>The name of the actor system, the same on each host.</summary>
    public const string SystemName = "mobilevlm-cluster";

    /// <summary>Role of a host that has cameras or takes pictures over MQTT or HTTP.</summary>
    public const string CamerasRole = "cameras";

    /// <summary>Role of a host that has a model.</summary>
    public const string InferenceRole = "inference";

    // Why each value differs from Akka's default: decision 0183, with the measurements.
    private const string Fixed = """
        akka {
          loggers = ["MobileVlm.Edge.Actors.Health.AkkaLogger, MobileVlm.Edge.Actors"]
          loglevel = ERROR
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          coordinated-shutdown.exit-clr = off
          # A failed connection to one host must not end those to all others (ClusterNode). A longer wait than that is not possible.
          coordinated-shutdown.phases.before-service-unbind.timeout = 20 d
          # Leaving needs the agreement of all, which never comes while a host is unreachable.
          coordinated-shutdown.phases.cluster-leave.timeout = 2 s
          coordinated-shutdown.phases.cluster-exiting.timeout = 2 s
          actor {
            provider = cluster
            guardian-supervisor-strategy = "MobileVlm.Edge.Actors.Cluster.Membership.RestartAlways, MobileVlm.Edge.Actors"
            # Finds our own mistakes: a message that is none of ours is not sent.
            serialization-settings.allow-unregistered-types = off
            serializers {
              json = "MobileVlm.Edge.Actors.Cluster.Messages.RefusingJsonSerializer, MobileVlm.Edge.Actors"
              proto = "MobileVlm.Edge.Actors.Cluster.Messages.RefusingProtobufSerializer, MobileVlm.Edge.Actors"
              daemon-create = "MobileVlm.Edge.Actors.Cluster.Messages.RefusingDeploymentSerializer, MobileVlm.Edge.Actors"
              reliable-delivery = "MobileVlm.Edge.Actors.Cluster.Messages.RefusingDeliverySerializer, MobileVlm.Edge.Actors"
              akka-misc = "MobileVlm.Edge.Actors.Cluster.Messages.FilteringSerializer, MobileVlm.Edge.Actors"
              mobilevlm = "MobileVlm.Edge.Actors.Cluster.Messages.ClusterSerializer, MobileVlm.Edge.Actors"
            }
            serialization-bindings {
              "MobileVlm.Edge.Actors.Cluster.Messages.ClusterMessage, MobileVlm.Edge.Actors" = mobilevlm
            }
          }
          remote {
            log-remote-lifecycle-events = off
            # Only selections of these paths, and no message that ends or creates an actor.
            untrusted-mode = on
            trusted-selection-paths = [
              "/user/membership", "/user/dispatcher", "/user/inference",
              "/system/cluster/core/daemon", "/system/cluster/core/daemon/joinSeedNodeProcess",
              "/system/cluster/heartbeatReceiver", "/system/cluster/core/daemon/heartbeatReceiver"
            ]
            retry-gate-closed-for = 2 s
            transport-failure-detector { heartbeat-interval = 2 s, acceptable-heartbeat-pause = 6 s }
            dot-netty.tcp {
              maximum-frame-size = 1 MiB
              # Also the limit of the handshake of TLS, whose code a host that was just started has to compile.
              connection-timeout = 10 s
              # With on, two processes may listen at one port without an error, and connections go to any of them.
              tcp-reuse-addr = off
            }
          }
          cluster {
            # Nothing exists once in the cluster, so a split does no harm, and a resolver would end hosts that work.
            downing-provider-class = ""
            log-info = off
            # A host that was started again must try once more when its old entry is gone.
            retry-unsuccessful-join-after = 3 s
            failure-detector.acceptable-heartbeat-pause = 5 s
          }
        }
        """;

    /// <summary>The configuration of a host.</summary>
    /// <param name="settings">Its addresses and certificates.</param>
    /// <param name="roles">What it does.</param>
    /// <param name="via">Hosts that it joins in place of the seeds; none: the seeds.</param>
    public static Config Of(ClusterSettings settings, IEnumerable<string> roles, IReadOnlyCollection<string> via)
    {
        var seeds = string.Join(", ", (via.Count > 0 ? via : settings.Nodes).Select(node => $"\"{AddressOf(settings, node)}\""));
        var variable = string.Create(CultureInfo.InvariantCulture, $$"""
            akka.remote.dot-netty.tcp {
              hostname = "{{BindAddress(settings.Host)}}"
              public-hostname = "{{settings.Host}}"
              port = {{settings.Port}}
              enable-ssl = {{(settings.Certificate is null ? "off" : "on")}}
            }
            akka.cluster.seed-nodes = [{{seeds}}]
            akka.cluster.roles = [{{string.Join(", ", roles)}}]
            """);
        return ConfigurationFactory.ParseString(variable).WithFallback(ConfigurationFactory.ParseString(Fixed));
    }

    /// <summary>The address of a host's cluster system.</summary>
    /// <param name="settings">Of this host.</param>
    /// <param name="host">As <c>host:port</c>.</param>
    public static string AddressOf(ClusterSettings settings, string host) => $"{SchemeOf(settings)}://{SystemName}@{host}";

    /// <summary>The scheme of addresses. Messages to an address with the wrong one are never answered.</summary>
    public static string SchemeOf(ClusterSettings settings) => settings.Certificate is null ? "akka.tcp" : "akka.ssl.tcp";

    // A name often leads to a loopback address in the host's own table of names, where nobody else reaches it.
    private static string BindAddress(string host) =>
        IPAddress.TryParse(host, out _) ? host : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" : "0.0.0.0";
}
