using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>Takes the place of one of Akka's serializers that create any type that a message names. It refuses to read and to write.</summary>
public abstract class RefusingSerializer : Serializer
{
    private protected RefusingSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj?.GetType().Name} is not a message between hosts.");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) =>
        throw new SerializationException("A message was refused, because it names a type that is to be created.");
}

/// <summary>In place of the JSON serializer. The configuration section of that serializer requires this constructor.</summary>
public sealed class RefusingJsonSerializer : RefusingSerializer
{
    public RefusingJsonSerializer(ExtendedActorSystem system, Config _)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 1;
}

/// <summary>In place of the serializer of messages that deploy an actor on another host.</summary>
public sealed class RefusingDeploymentSerializer : RefusingSerializer
{
    public RefusingDeploymentSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 3;
}

/// <summary>In place of the serializer that creates any type of protocol buffers that a message names.</summary>
public sealed class RefusingProtobufSerializer : RefusingSerializer
{
    public RefusingProtobufSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 2;
}

/// <summary>In place of the serializer of reliable delivery, which is not used, and which creates generic types of a type that a message
/// names.</summary>
public sealed class RefusingDeliverySerializer : RefusingSerializer
{
    public RefusingDeliverySerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 36;
}
