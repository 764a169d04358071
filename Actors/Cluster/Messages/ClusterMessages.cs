using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>A message between hosts. The set is closed: <see cref="ClusterSerializer"/> knows each of them. Each may get lost.</summary>
internal abstract record ClusterMessage;

/// <summary>From an inference host to each camera host, when they meet and again and again.</summary>
/// <param name="Instance">Differs after each start of the inference host: a new one has none of the old one's requests.</param>
/// <param name="OldestVersion">Oldest protocol version that it speaks.</param>
/// <param name="Version">Newest protocol version that it speaks.</param>
/// <param name="Model">Its model.</param>
/// <param name="Capacity">Most frames that it works on at once.</param>
internal sealed record HostPresent(long Instance, int OldestVersion, int Version, ClusterModel Model, int Capacity) : ClusterMessage;

/// <summary>From a camera host to an inference host: a frame waits. Sent once until a request comes, and again when none does.</summary>
internal sealed record FrameAvailable : ClusterMessage;

/// <summary>From an inference host to a camera host: it has room for one frame.</summary>
/// <param name="Ticket">Comes back with the frame.</param>
internal sealed record FrameRequest(long Ticket) : ClusterMessage;

/// <summary>From a camera host to an inference host: the newest frame of a camera, and what is asked about it.</summary>
/// <param name="Ticket">Of the request.</param>
/// <param name="Request">Comes back with each answer.</param>
/// <param name="Size">Side of the picture, in pixels.</param>
/// <param name="Pixels">[size, size, 3], padded and resampled as the encoder needs it.</param>
/// <param name="Questions">At least one.</param>
/// <param name="StandingCount">The first of them are standing questions, answered together; ad-hoc questions follow.</param>
/// <param name="HasMore">Another frame waits.</param>
internal sealed record FrameToAnswer(
    long Ticket, long Request, int Size, ReadOnlyMemory<byte> Pixels, IReadOnlyList<Question> Questions, int StandingCount, bool HasMore)
    : ClusterMessage;

/// <summary>From a camera host to an inference host: no frame is to be asked about any more.</summary>
/// <param name="Ticket">Of the request.</param>
internal sealed record NoFrame(long Ticket) : ClusterMessage;

/// <summary>From an inference host to a camera host: one answer.</summary>
/// <param name="Request">Of the frame.</param>
/// <param name="Index">Index of the question.</param>
/// <param name="Answer">The answer.</param>
/// <param name="EncodeTime">Pixels to visual tokens.</param>
internal sealed record AnswerGiven(long Request, int Index, RemoteAnswer Answer, TimeSpan EncodeTime) : ClusterMessage;

/// <summary>From an inference host to a camera host: no more answers about this frame follow.</summary>
/// <param name="Request">Of the frame.</param>
/// <param name="Failure">Why questions have no answer; empty when all have.</param>
internal sealed record RequestEnded(long Request, string Failure) : ClusterMessage;

/// <summary>From a member to a host of <c>Cluster:Nodes</c> that is not a reachable member for it: which hosts work together here. A host that
/// cannot reach them itself joins them through the sender.</summary>
/// <param name="Hosts">The sender and the hosts that it reaches, as <c>host:port</c>.</param>
internal sealed record ClusterPart(IReadOnlyList<string> Hosts) : ClusterMessage;

/// <summary>What arrived and is none of these messages. Never sent.</summary>
/// <param name="Manifest">The name that it came under.</param>
/// <param name="Reason">What is wrong with it.</param>
internal sealed record UnreadableMessage(string Manifest, string Reason) : ClusterMessage;
