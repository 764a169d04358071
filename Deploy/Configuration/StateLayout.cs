using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>The names in the state folder.</summary>
internal static class StateLayout
{
    /// <summary>States, switches, mode and snoozes.</summary>
    public const string States = EdgeSettings.StateFileName;

    /// <summary>Questions that were set over HTTP.</summary>
    public const string Overlay = QuestionOverlayFile.FileName;

    /// <summary>The key that signs addresses of pictures.</summary>
    public const string AddressKey = "address.key";

    /// <summary>Labelled pictures.</summary>
    public const string LabelsFolder = "labels";

    /// <summary>What questions were taught.</summary>
    public const string TaughtFolder = EdgeSettings.TaughtFolderName;

    /// <summary>Events that wait for the broker.</summary>
    public const string Outbox = "outbox.db";

    /// <summary>Events that wait for webhooks.</summary>
    public const string WebhooksFolder = "webhooks";
}
