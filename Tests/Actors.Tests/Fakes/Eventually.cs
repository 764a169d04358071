namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>For numbers that give no signal when they change.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var limit = DateTime.UtcNow.AddSeconds(20);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < limit, $"Waited in vain for {what}.");
            await Task.Delay(2);
        }
    }
}
