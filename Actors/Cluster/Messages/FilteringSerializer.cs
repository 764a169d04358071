using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Remote.Serialization;
using Akka.Serialization;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>In place of Akka's serializer of various messages, of which a cluster needs a few. Without it anybody could send <c>Kill</c>, which
/// untrusted mode does not stop, or name a type of exception that is to be created.</summary>
public sealed class FilteringSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Identify, its answer, and the heartbeats of watched hosts with their answers.</summary>
    private static readonly string[] Needed = ["ID", "AID", "RWHB", "RWHR"];

    private readonly MiscMessageSerializer _inner = new(system);

    /// <inheritdoc/>
    public override int Identifier => 16;

    /// <inheritdoc/>
    public override string Manifest(object o) => Checked(_inner.Manifest(o));

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        _ = Manifest(obj);
        return _inner.ToBinary(obj);
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => _inner.FromBinary(bytes, Checked(manifest));

    private static string Checked(string manifest) => Needed.Contains(manifest)
        ? manifest
        : throw new SerializationException("A message of the actor system was refused, because hosts of a cluster do not send it.");
}
